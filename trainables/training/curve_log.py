"""Which test images a network has right after every epoch, kept in the state of its trial.

An epoch's row is committed with the epoch: one that is trained again is measured again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from runs.artifacts import HitCurve
from trainables.training.network_evaluation import loss_and_accuracy


class CurveLog:
    """Measures test_curve/* after those epochs for which it is asked to.

    labels: of the test images, int64 (N,).
    kept: what `state` gave, to go on from there.
    """

    def __init__(self, labels: NDArray[np.int64], kept: Tensor | None = None) -> None:
        self._labels = labels
        self._rows = [] if kept is None else list(kept.numpy())

    def measure(self, logits: NDArray[np.float32]) -> dict[str, float]:
        """Loss and accuracy of an epoch.

        logits: (N, C).
        """
        self._rows.append(np.packbits(logits.argmax(1) == self._labels))
        return loss_and_accuracy(logits, self._labels, "test_curve")

    def state(self) -> Tensor | None:
        """All rows so far, a bit an image, uint8 (E, N / 8); None without any."""
        return torch.from_numpy(np.stack(self._rows)) if self._rows else None

    def save(self, folder: Path, epochs: int) -> None:
        """Leave the rows as `HitCurve`, if every epoch has one.

        epochs: how many there were.
        """
        if len(self._rows) == epochs:  # else some passed before this was asked for
            packed = np.stack(self._rows)
            right = np.unpackbits(packed, axis=1, count=len(self._labels)).astype(np.bool_)
            HitCurve(right, self._labels).save(folder)
