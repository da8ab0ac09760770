"""Which test images a trial has right, epoch by epoch."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from runs.artifacts.absent import reading
from runs.artifacts.arrays import Ints
from runs.artifacts.shapes import fit
from runs.atomic import write
from runs.bundle import Readable


@dataclass(frozen=True, eq=False)
class HitCurve:
    """Which of N test images were right after each of E epochs; the file has a bit for each.

    right: whether an image's prediction was its label, (E, N) bool.
    label: the true classes, by which two trials are seen to be on the same images, (N,) int64.

    Raises ValueError if shapes do not fit each other.
    """

    FILE: ClassVar[str] = "test_curve.npz"
    _AXES: ClassVar[Mapping[str, str]] = {"right": "EN", "label": "N"}

    right: NDArray[np.bool_]
    label: Ints

    def __post_init__(self) -> None:
        fit(self, self._AXES)

    def save(self, folder: Path) -> None:
        """Leave test_curve.npz in a folder."""
        file = io.BytesIO()
        np.savez_compressed(file, label=self.label, right=np.packbits(self.right, axis=1))
        write(folder / self.FILE, file.getvalue())

    @classmethod
    def load(cls, folder: Readable) -> HitCurve:
        """What a trial left. Raises Absent if test_curve.npz is missing or cannot be read."""
        with reading(cls.FILE):
            with (folder / cls.FILE).open("rb") as file, np.load(file) as kept:
                label, packed = kept["label"], kept["right"]
            label = label.astype(np.int64, casting="same_kind", copy=False)
            if packed.shape[1] != -(-len(label) // 8):
                raise ValueError(packed.shape)  # numpy would make up what lacks
            return cls(np.unpackbits(packed, axis=1, count=len(label)).astype(np.bool_), label)
