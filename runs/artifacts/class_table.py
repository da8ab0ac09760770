"""The numbers of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from runs.artifacts.absent import reading
from runs.artifacts.arrays import Doubles, Ints
from runs.artifacts.csv_rows import rows
from runs.artifacts.shapes import fit
from runs.atomic import write_csv
from runs.bundle import Readable


@dataclass(frozen=True, eq=False)
class ClassTable:
    """The last epoch's numbers of each of C classes, of test; the file has six decimals of them.

    classes: names, (C,).
    images: how many, (C,) int64.
    accuracy: in [0, 1], (C,) float64; NaN of a class without images.
    auc: against all other classes, in [0, 1], (C,) float64; NaN of a class without images.

    Raises ValueError if shapes do not fit each other.
    """

    FILE: ClassVar[str] = "test_classes.csv"
    _AXES: ClassVar[Mapping[str, str]] = {
        "classes": "C",
        "images": "C",
        "accuracy": "C",
        "auc": "C",
    }
    _HEAD: ClassVar[list[str]] = ["class", "images", "accuracy", "auc"]

    classes: tuple[str, ...]
    images: Ints
    accuracy: Doubles
    auc: Doubles

    def __post_init__(self) -> None:
        fit(self, self._AXES)

    def save(self, folder: Path) -> None:
        """Leave test_classes.csv in a folder."""
        columns = zip(self.classes, self.images, self.accuracy, self.auc, strict=True)
        own = ([name, int(n), f"{a:.6f}", f"{r:.6f}"] for name, n, a, r in columns)
        write_csv(folder / self.FILE, [self._HEAD, *own])

    @classmethod
    def load(cls, folder: Readable) -> ClassTable:
        """What a trial left. Raises Absent if test_classes.csv is missing or cannot be read."""
        with reading(cls.FILE):
            head, *own = rows(folder / cls.FILE)
            if head != cls._HEAD:
                raise ValueError(head)
            names, images, accuracy, auc = zip(*own, strict=True)
            return cls(
                names,
                np.array(images).astype(np.int64),
                np.array(accuracy).astype(np.float64),
                np.array(auc).astype(np.float64),
            )
