"""One variant reaches so much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from claims import statistics
from claims.evidence import SEEDS, left_out, select, spelt
from claims.finding import Finding
from claims.kinds.kind import Part, Region, Selection, in_words, judge_interval
from claims.needs import Missing, Needs
from runs.run import Run


class Level(Part):
    """The mean of a number of one variant lies in `within`."""

    kind: Literal["level"] = "level"
    of: Selection
    within: Region

    @property
    def says(self) -> str:
        """For people: "train/accuracy of loss=center"."""
        return f"{self.on.says} of {spelt(self.of)}"

    @property
    def wanted(self) -> str:
        """For people: "above 95 points"."""
        return in_words(self.within, self.on)

    @property
    def compares(self) -> None:
        """Nothing."""
        return None

    def selections(self) -> Iterator[Selection]:
        """The one."""
        yield self.of

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Those of the one."""
        yield from self.of.items()

    def find(self, run: Run, confidence: float) -> Finding:
        """Where the interval of the mean lies; one seed has no spread to judge by."""
        trials = [trial for _, trial in sorted(select(run, self.sweep, self.of).items())]
        values = [self.on.of(trial, (trial,)) for trial in trials]
        if len(values) == 1:
            raise Missing("one seed has no spread to judge by", Needs(seeds=SEEDS))
        mean = statistics.difference(values, np.zeros(len(values)), confidence)
        return Finding(
            says=self.says,
            status=judge_interval(mean, self.within),
            wanted=self.wanted,
            effect=mean,
            scale=self.on.scale,
            unit=self.on.unit,
            note=left_out(run, self.sweep, (self.of,), mean),
        )
