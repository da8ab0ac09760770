"""What a trial says of its test images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runs.artifacts.arrays import Arrays, Axes, Ints, Singles


@dataclass(frozen=True, eq=False)
class Predictions(Arrays):
    """What a trial says of its N test images, of C classes; older files lack some: None.

    label: the true classes, counted from 0, (N,) int64.
    prediction: those of the last epoch, (N,) int64.
    index: the images' places in the test set, (N,) int64.
    scores: decision values or probabilities of the last epoch, whose highest is the prediction,
        (N, C) float32.
    prediction_at_best, scores_at_best: the same of the best epoch.
    classes: names, (C,).

    Raises ValueError if shapes do not fit each other, or a class has a number below 0.
    """

    FILE: ClassVar[str] = "predictions.npz"
    FIELDS: ClassVar[Mapping[str, Axes]] = {
        "index": ("N", np.int64),
        "label": ("N", np.int64),
        "prediction": ("N", np.int64),
        "scores": ("NC", np.float32),
        "prediction_at_best": ("N", np.int64),
        "scores_at_best": ("NC", np.float32),
        "classes": ("C", str),
    }

    label: Ints
    prediction: Ints
    index: Ints | None = None
    scores: Singles | None = None
    prediction_at_best: Ints | None = None
    scores_at_best: Singles | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.label.min(initial=0), self.prediction.min(initial=0)) < 0:
            raise ValueError("A class has a number below 0.")
