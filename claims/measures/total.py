"""What a metric comes to in all epochs."""

from __future__ import annotations

from typing import Literal

from claims.measures.measure import Context, OfMetric, curve
from runs.record import TrialRecord


class Total(OfMetric):
    """The sum of a metric over epochs, such as seconds."""

    kind: Literal["total"] = "total"

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} in all"

    def of(self, trial: TrialRecord, context: Context) -> float:
        """The sum."""
        return float(curve(trial, self.metric).sum())
