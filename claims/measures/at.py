"""A metric after a share of the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from claims.measures.images import ByImage, right_after
from claims.measures.measure import OfMetric, curve
from runs.record import TrialRecord

CURVE = "test_curve/accuracy"


class At(OfMetric):
    """A metric after a share, in (0, 1], of the epochs, rounded up."""

    kind: Literal["at"] = "at"
    share: float = Field(gt=0, le=1)

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} after {100 * self.share:.0f} % of the epochs"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The metric of that epoch."""
        values = curve(trial, self.metric)
        return float(values[self._epoch(len(values)) - 1])

    def _epoch(self, epochs: int) -> int:
        return math.ceil(self.share * epochs)

    def of_dead(self, chance: float | None, rivals: Sequence[TrialRecord]) -> float | None:
        """An accuracy is that of chance."""
        return chance if self.metric.endswith("/accuracy") else None

    def _by_image(self, trial: TrialRecord) -> ByImage | None:
        values = [line[CURVE] for line in trial.lines if CURVE in line]
        if self.metric != CURVE or not values:
            return None
        epoch = self._epoch(len(values))
        found = right_after(trial, epoch)
        return None if found is None else found.if_mean_is(values[epoch - 1])
