"""What a measure is the mean of: a value an image of the test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runs import artifacts
from runs.record import TrialRecord

ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ByImage:
    """A number image by image.

    values: those of which the number is the mean, (N,) float64.
    labels: the images' true classes, (N,) int64.
    """

    values: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def if_mean_is(self, number: float) -> ByImage | None:
        """Itself; None if the mean is another, as the predictions are then of another state."""
        return self if abs(float(self.values.mean()) - number) <= ROUNDING else None


def right_at_end(trial: TrialRecord) -> ByImage | None:
    """1 for each image that the last epoch has right, 0 for each other; None without any."""
    kept = trial.hits
    return None if kept is None else ByImage(kept.right.astype(np.float64), kept.labels)


def right_after(trial: TrialRecord, epoch: int) -> ByImage | None:
    """The same after an epoch, counted from 1; None of a trial that kept no curve of test."""
    try:
        kept = artifacts.HitCurve.load(trial.folder)
    except artifacts.Absent:
        return None
    if len(kept.right) < epoch:
        return None
    return ByImage(kept.right[epoch - 1].astype(np.float64), kept.label)
