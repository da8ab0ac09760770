"""Two trials on the same test images: which of them each has right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runs.artifacts import Absent, Predictions
from runs.record import TrialRecord

Right = npt.NDArray[np.bool_]


def right_of_both(first: TrialRecord, second: TrialRecord) -> tuple[Right, Right] | None:
    """Whether each is right, image by image, both (N,).

    Returns None where one left no predictions, or they are of other images.
    """
    try:
        one, other = (Predictions.load(trial.folder) for trial in (first, second))
    except Absent:
        return None
    if not np.array_equal(one.label, other.label):
        return None
    return one.prediction == one.label, other.prediction == other.label
