"""What a metric comes to in all epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from claims.measures.measure import OfMetric, curve
from runs.record import TrialRecord


class Total(OfMetric):
    """The sum of a metric over epochs, such as seconds."""

    kind: Literal["total"] = "total"

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} in all"

    @property
    def possible(self) -> tuple[float, float]:
        """A sum of any number."""
        return (-math.inf, math.inf)

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The sum."""
        return float(curve(trial, self.metric).sum())
