"""How far one metric lies above another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from claims.measures.images import ByImage
from claims.measures.last import last, last_by_image
from claims.measures.measure import BaseMeasure, one_image
from claims.units import POINTS, unit_of
from runs.record import TrialRecord


class Gap(BaseMeasure):
    """The last value of a metric, less that of another."""

    kind: Literal["gap"] = "gap"
    metric: str
    less: str

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} - {self.less}"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Both."""
        return (self.metric, self.less)

    @property
    def unit(self) -> str:
        """That of the first metric."""
        return unit_of(self.metric).word

    @property
    def scale(self) -> float:
        """That of the first metric's unit."""
        return unit_of(self.metric).scale

    @property
    def possible(self) -> tuple[float, float]:
        """A difference of two shares, where they are shares."""
        return (-1.0, 1.0) if unit_of(self.metric) is POINTS else (-math.inf, math.inf)

    def finest(self, counts: Mapping[str, int]) -> float | None:
        """One image of the first metric's split."""
        return one_image(self.metric, counts)

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The difference of the two."""
        return last(trial, self.metric) - last(trial, self.less)

    def _by_image(self, trial: TrialRecord) -> ByImage | None:
        """Where one of the two has a value an image, and the other is one number."""
        if not {*self.metrics} <= trial.metrics.keys():
            return None
        first, second = (trial.metrics[name] for name in self.metrics)
        if (found := last_by_image(trial, self.metric)) is not None:
            values = found.values - second
        elif (found := last_by_image(trial, self.less)) is not None:
            values = first - found.values
        else:
            return None
        return ByImage(values, found.labels).if_mean_is(first - second)
