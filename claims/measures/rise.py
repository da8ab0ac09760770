"""How far a curve has risen again since it was lowest, beyond its own noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from claims.measures.measure import Floats, OfMetric, curve
from runs.record import TrialRecord

EPOCHS = 6  # three pairs, of which the middle one can be the lowest


class Rise(OfMetric):
    """How far the last quarter of a curve lies above the quarter in which it is lowest.

    The lowest of several noisy values is low by its noise, too. So every other epoch says where the
    curve is lowest, and the epochs that follow these say how high it is there and at its end; then
    the other way round, and the mean of the two counts. Of a curve that is flat or falls, with
    noise that is independent from epoch to epoch, the expectation is at most 0, however many epochs
    there are. Noise that lasts for several epochs still looks like a rise. A short low or a late
    rise is told as less than it is.
    """

    VERSION: ClassVar[int] = 2

    kind: Literal["rise"] = "rise"

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} at the end above its lowest"

    @property
    def possible(self) -> tuple[float, float]:
        """A difference of two."""
        low, high = super().possible
        return (low - high, high - low)

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The rise, in the unit of the metric; noise can bring it below 0."""
        return float(rise(curve(trial, self.metric, EPOCHS, "a rise")))


def rise(curves: Floats) -> Floats:
    """What `Rise` says of curves (..., E), E >= 6: (...)."""
    epochs = curves.shape[-1]
    pairs = curves[..., epochs % 2 :].reshape(*curves.shape[:-1], epochs // 2, 2)
    quarter = max(1, round(pairs.shape[-2] / 4))
    means = sliding_window_view(pairs, quarter, axis=-2).mean(-1)  # (..., places, 2 halves)
    lowest = means.argmin(-2, keepdims=True)[..., ::-1]  # as the other half has it
    # Never before it, where the curve may fall steeply, nor after the end, to which it may fall.
    following = np.minimum(lowest + np.array([1, 0]), means.shape[-2] - 1)
    there = np.take_along_axis(means, following, -2)[..., 0, :]
    height: Floats = (means[..., -1, :] - there).mean(-1)
    return height
