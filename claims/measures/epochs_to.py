"""How many epochs a loss takes to a level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import FiniteFloat, model_validator

from claims.measures.measure import Floats, OfMetric, curve
from runs.record import TrialRecord
from runs.variants import identity


class EpochsTo(OfMetric):
    """Epochs until a loss has fallen to a level, with parts of an epoch on a straight line.

    All that is compared has one level: an own one of every seed would be low where that seed's last
    loss happens to be, which it reaches itself and others do not. Where the level is not reached,
    one more than all epochs; the first epoch counts as 1 whenever in it. The first time counts, so
    that more noise gets there earlier.

    level: the loss; None: the median over seeds of the last loss of the variant that ends highest,
        which a typical seed of each reaches.
    """

    VERSION: ClassVar[int] = 2

    kind: Literal["epochs_to"] = "epochs_to"
    metric: str = "train/loss"
    level: FiniteFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_by(cls, given: Any) -> Any:
        """As an older run recorded it, with the level of each seed's own that `by` named."""
        if isinstance(given, Mapping):
            return {name: value for name, value in given.items() if name != "by"}
        return given

    @property
    def unit(self) -> str:
        """Epochs."""
        return "epochs"

    @property
    def scale(self) -> float:
        """Epochs are told as they are."""
        return 1.0

    @property
    def says(self) -> str:
        """For people."""
        if self.level is None:
            return f"epochs to a common {self.metric}"
        return f"epochs to a {self.metric} of {self.level:g}"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """Epochs, at least 1."""
        return float(epochs_to(curve(trial, self.metric), self._level(rivals)))

    @property
    def possible(self) -> tuple[float, float]:
        """At least the first."""
        return (1.0, math.inf)

    def of_dead(self, chance: float | None, rivals: Sequence[TrialRecord]) -> float | None:
        """It never gets there."""
        return 1.0 + max((trial.epochs for trial in rivals), default=0)

    def caveat(self, trials: Sequence[TrialRecord], rivals: Sequence[TrialRecord]) -> str:
        """How many never get there."""
        level = self._level(rivals)
        late = [bool(curve(trial, self.metric).min() > level) for trial in trials]
        return f"{sum(late)} of {len(late)} never get there." if any(late) else ""

    def _level(self, rivals: Sequence[TrialRecord]) -> float:
        if self.level is not None:
            return self.level
        variants: dict[str, list[TrialRecord]] = {}
        for trial in rivals:
            variants.setdefault(identity(trial), []).append(trial)
        return max(map(self._median_end, variants.values()))

    def _median_end(self, trials: Sequence[TrialRecord]) -> float:
        return float(np.median([curve(trial, self.metric)[-1] for trial in trials]))


def epochs_to(curves: Floats, level: float | Floats) -> Floats:
    """What `EpochsTo` says of curves (..., E) and levels (...): (...)."""
    wanted = np.asarray(level, np.float64)[..., None]
    there = curves <= wanted
    end = there.argmax(-1, keepdims=True)
    after = np.take_along_axis(curves, end, -1)
    before = np.take_along_axis(curves, np.maximum(end - 1, 0), -1)
    # Where end is 0 there is no line to follow, and a later one falls.
    part = (before - wanted) / np.where(end > 0, before - after, 1.0)
    reached = np.where(end > 0, end + part, 1.0)
    epochs: Floats = np.where(there.any(-1), reached[..., 0], curves.shape[-1] + 1.0)
    return epochs
