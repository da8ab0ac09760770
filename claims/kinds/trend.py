"""A number rises or falls with a setting."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from claims import statistics
from claims.evidence import SEEDS, asked, fitting, select, spelt
from claims.finding import Finding, Status
from claims.kinds.kind import Part, Selection, listed
from claims.measures import ACCURACY, Measure
from claims.needs import Missing, Needs, Unfinished, together
from runs.record import TrialRecord
from runs.run import Run


class Trend(Part):
    """A number rises (or falls) with the order of a setting's values, which are numbers.

    among: those of the values that count, () for all.
    where: what else a variant must have.
    """

    RULE: ClassVar[str] = (
        "A trend is decided by its p-value in Page's rank test, at 5 %, and by its direction; the "
        "interval shown is that of the mean rank correlation."
    )

    kind: Literal["trend"] = "trend"
    over: str
    on: Measure = ACCURACY
    rises: bool
    among: tuple[float, ...] = ()
    where: Selection = Field(default={})

    @property
    def says(self) -> str:
        """For people: "test/accuracy against beta1"."""
        return f"{self.on.says} against {self.over}"

    @property
    def wanted(self) -> str:
        """For people: "rising"."""
        return "rising" if self.rises else "falling"

    @property
    def counts_as(self) -> str:
        """For people: "test/accuracy against alpha, with alpha 0.1, 1 or 10, rising"."""
        limits = [f"with {spelt(self.where)}"] if self.where else []
        if self.among:
            values = listed([f"{value:g}" for value in self.among], "or")
            limits.append(f"with {self.over} {values}")
        return ", ".join([self.says, *limits, self.wanted])

    @property
    def compares(self) -> Collection[str]:
        """The setting that it goes with."""
        return [self.over]

    def selections(self) -> Iterator[Selection]:
        """Those of the values that are named."""
        for value in self.among:
            yield {self.over: value, **self.where}

    def settings(self) -> Iterator[tuple[str, Any]]:
        """The setting that it goes with, of no certain value, and what else is held."""
        yield self.over, None
        yield from self.where.items()

    def find(self, run: Run, confidence: float) -> Finding:
        """Whether it goes up or down in all seeds together, by Page's test."""
        levels, lost = self._levels(run)
        every = {seed for trials in levels.values() for seed in trials}
        seeds = sorted(set.intersection(*(set(trials) for trials in levels.values())))
        self._check_seeds(levels, seeds, every, confidence)
        rows = []
        for seed in seeds:
            rivals = [trials[seed] for trials in levels.values()]
            rows.append([self.on.of(trial, rivals) for trial in rivals])
        trend = statistics.trend(list(levels), rows, confidence)
        status: Status = "no detectable difference"
        if trend.p <= 1 - confidence and trend.estimate:
            status = "supported" if (trend.estimate > 0) == self.rises else "refuted"
        means = ", ".join(f"{self.on.scale * mean:.3g}" for mean in np.mean(rows, 0))
        values = ", ".join(f"{level:g}" for level in levels)
        note = f"Means at {values}: {means} {self.on.unit}".strip()
        fewer = len(every) - len(seeds)
        note += f"; {fewer} seeds lack a value." if fewer else "."
        note += f" No trial finished at {', '.join(lost)}." if lost else ""
        limit = min(1.0, 2.8 / float(np.sqrt(len(seeds) * (len(levels) - 1))))
        return Finding(
            says=self.says,
            status=status,
            wanted=self.wanted,
            effect=trend,
            unit="rank correlation",
            detectable=limit if status == "no detectable difference" else None,
            note=note,
        )

    def _levels(self, run: Run) -> tuple[dict[float, dict[int, TrialRecord]], Mapping[str, Needs]]:
        """The finished trials by seed at every value, from the lowest; and values without one.

        Raises Missing for values that are no numbers, and for fewer than three.
        """
        there = [variant.settings for variant in fitting(run, self.sweep, self.where)]
        tried = list(dict.fromkeys(one[self.over] for one in there if self.over in one))
        tried = [value for value in tried if self._counts(value)]
        if not all(isinstance(value, int | float) for value in tried):
            raise Missing(f"{self.over} is not a number in every variant")
        levels, lost = {}, {}
        for level in sorted(tried):
            try:
                levels[level] = select(run, self.sweep, {self.over: level, **self.where})
            except Unfinished as why:
                lost[f"{level:g}"] = why.needs
        if len(levels) < 3:
            said = f"a trend needs 3 values of {self.over}, and the run has {len(levels)}"
            raise Missing(said, self._needs_values(run, tried, len(levels), lost))
        return levels, lost

    def _needs_values(
        self, run: Run, tried: Sequence[float], there: int, lost: Mapping[str, Needs]
    ) -> Needs:
        values = {
            trial.settings[self.over]
            for trial in asked(run, self.sweep, self.where)
            if self.over in trial.settings
        }
        waiting = [value for value in values - {*tried} if self._counts(value)]
        if self.sweep not in run.sweeps:
            return Needs(sweeps=frozenset({self.sweep}))
        if there + len(waiting) >= 3:
            return Needs(end=True)
        if there + len(lost) >= 3:
            return together(lost.values())
        return Needs(free=frozenset({self.over, *self.where}))

    def _check_seeds(
        self, levels: Collection[float], seeds: Sequence[int], every: set[int], confidence: float
    ) -> None:
        """Raises Missing for fewer seeds than could show a trend that all of them agree on."""
        if len(seeds) < 2:
            said = f"a trend needs 2 seeds with every {self.over}, and the run has {len(seeds)}"
            raise Missing(said, Needs(seeds=max(SEEDS, len(every) + 1)))
        if not _can_show(len(seeds), list(levels), confidence):
            enough = next(n for n in count(SEEDS) if _can_show(n, list(levels), confidence))
            said = f"{len(seeds)} seeds cannot show a trend of {len(levels)} values"
            raise Missing(said, Needs(seeds=enough))

    def _counts(self, value: float) -> bool:
        return not self.among or value in self.among


def _can_show(seeds: int, levels: Sequence[float], confidence: float) -> bool:
    """Whether a trend that all seeds agree on would be found."""
    perfect = statistics.trend(levels, [[*range(len(levels))]] * seeds)
    return perfect.p <= 1 - confidence
