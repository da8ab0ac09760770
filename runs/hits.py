"""Which of its test images a trial has right, small enough to be held for all trials of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runs.artifacts import Absent, Predictions
from runs.bundle import Readable


@dataclass(frozen=True, eq=False)
class Hits:
    """Of one trial, on its N >= 2 test images, at its last epoch.

    labels, predicted: classes, (N,) int64.
    """

    labels: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each image is right, (N,)."""
        return np.equal(self.labels, self.predicted)

    @property
    def by_chance(self) -> float:
        """The share that would be right had the predictions nothing to do with the images."""
        classes = 1 + int(max(self.labels.max(), self.predicted.max()))
        shares = [np.bincount(of, minlength=classes) for of in (self.labels, self.predicted)]
        return float(shares[0] @ shares[1]) / len(self.labels) ** 2

    @property
    def largest_class(self) -> float:
        """The share of the largest class: what always naming it has right."""
        return float(np.bincount(self.labels).max() / len(self.labels))

    @classmethod
    def load(cls, folder: Readable) -> Hits | None:
        """What a trial left; None where that is nothing, or less than two images."""
        try:
            kept = Predictions.load(folder)
        except Absent:
            return None
        return cls(kept.label, kept.prediction) if len(kept.label) > 1 else None
