"""The last value of a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from claims.measures.images import ByImage, right_at_end
from claims.measures.measure import OfMetric, unmeasured
from runs.record import TrialRecord


class Last(OfMetric):
    """The last value of a metric."""

    kind: Literal["last"] = "last"

    @property
    def says(self) -> str:
        """For people."""
        return self.metric

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """What the trial ended with."""
        return last(trial, self.metric)

    def of_dead(self, chance: float | None, rivals: Sequence[TrialRecord]) -> float | None:
        """An accuracy is that of chance."""
        return chance if self.metric.endswith("/accuracy") else None

    def _by_image(self, trial: TrialRecord) -> ByImage | None:
        return last_by_image(trial, self.metric)


def last(trial: TrialRecord, metric: str) -> float:
    """The last value of a metric. Raises Missing if there is none."""
    if metric not in trial.metrics:
        raise unmeasured(metric)
    return trial.metrics[metric]


def last_by_image(trial: TrialRecord, metric: str) -> ByImage | None:
    """It image by image, which test accuracy alone is the mean of."""
    if metric != ACCURACY.metric or metric not in trial.metrics:
        return None
    found = right_at_end(trial)
    return None if found is None else found.if_mean_is(trial.metrics[metric])


ACCURACY = Last(metric="test/accuracy")
