"""How noisy a curve is around its smooth course."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from claims.measures.measure import Floats, OfMetric, curve
from runs.record import TrialRecord

EPOCHS = 8  # of which the first is left out and four go into the smooth course: three are left


class Roughness(OfMetric):
    """The standard deviation of a curve around its smooth course, from epoch to epoch.

    The smooth course is the least-squares fit of a straight line and of exponential falls by 1,
    1/3, 1/9, ... an epoch, down to about 1 in all epochs. Gradient descent on a quadratic loss is a
    sum of exponential falls, one a direction; one of any rate between 0 and 1 leaves less than
    0.003 of its height behind. The fit is linear and the same for all curves of as many epochs, so
    that of independent noise the mean square is unbiased, and how steep or high the curve is has no
    part in it. The first epoch is left out: it tells of the initial weights. A step, as where the
    learning rate drops at once, counts as rough. Epochs are means; what goes on within one is not
    in it.
    """

    VERSION: ClassVar[int] = 2

    kind: Literal["roughness"] = "roughness"

    @property
    def says(self) -> str:
        """For people."""
        return f"roughness of {self.metric}"

    @property
    def possible(self) -> tuple[float, float]:
        """At least 0."""
        return (0.0, math.inf)

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The standard deviation, in the metric's unit."""
        return float(roughness(curve(trial, self.metric, EPOCHS, "roughness")))


def roughness(curves: Floats) -> Floats:
    """What `Roughness` says of curves (..., E), E >= 8: (...)."""
    smooth, later = _smooth(curves.shape[-1]), curves[..., 1:]
    left = later - (later @ smooth) @ smooth.T
    free = smooth.shape[0] - smooth.shape[1]
    spread: Floats = np.linalg.norm(left, axis=-1) / np.sqrt(free)
    return spread


@lru_cache(maxsize=64)
def _smooth(epochs: int) -> Floats:
    """An orthonormal basis (E - 1, C) of the smooth courses, without the first epoch."""
    time, length = np.arange(1, epochs), 1
    courses = [np.ones(epochs - 1), time / epochs]
    while length <= epochs:
        courses.append(np.exp(-time / length))
        length *= 3
    basis: Floats = np.linalg.qr(np.stack(courses, 1))[0]
    return basis
