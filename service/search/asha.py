"""Which trials of a search end early: asynchronous successive halving.

Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (arXiv 1810.05934), as
schedulers that cannot pause a trial have it: nobody waits at a rung, and whoever is not among the
best of those that came there before is stopped. With fewer than ETA trials at a rung the best of
them goes on. Optuna's SuccessiveHalvingPruner decides alike; it keeps its rungs in attributes of
trials, so that replaying it means writing all of them, and it gives no reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runs.rungs import ETA


@dataclass
class Asha:
    """Told every measurement of every trial, in any order of trials, says which ones end there.

    It depends on nothing but what it was told, in which order: told the same again, it answers the
    same, which is how it is made anew from a run folder.

    first: epochs of the first rung, each next one is at ETA times as many.
    mode: which is best.
    reached: of each rung, by its epochs, what trials had there.
    """

    first: int
    mode: Literal["min", "max"]
    reached: dict[int, dict[str, float]] = field(default_factory=dict)

    def told(self, key: str, epoch: int, value: float, last: int | None) -> str | None:
        """Why a trial ends here, for people; None if it goes on.

        key: of the trial.
        epoch: that it has just ended, from 1.
        value: of the metric that trials are compared by.
        last: after how many epochs it ends by itself, None if that is not known.
        """
        if not self._is_rung(epoch) or (last is not None and epoch >= last):
            return None
        rung = self.reached.setdefault(epoch, {})
        rung[key] = value
        ordered = sorted(rung.values(), reverse=self.mode == "max")
        go_on = max(1, len(ordered) // ETA)
        least = ordered[go_on - 1]
        if value >= least if self.mode == "max" else value <= least:
            return None
        after = f"{value:.4g} after {epoch} epoch{'s' if epoch > 1 else ''}"
        if go_on == 1:
            return f"{after}; the best of {len(ordered)} trials has {least:.4g}"
        more = "more" if self.mode == "max" else "less"
        return f"{after}; the best third of {len(ordered)} trials has {least:.4g} and {more}"

    def _is_rung(self, epoch: int) -> bool:
        rung = self.first
        while rung < epoch:
            rung *= ETA
        return rung == epoch
