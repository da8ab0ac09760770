"""Which class is taken for which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from runs.artifacts.absent import reading
from runs.artifacts.arrays import Ints
from runs.artifacts.csv_rows import rows
from runs.artifacts.shapes import fit
from runs.atomic import write_csv
from runs.bundle import Readable


@dataclass(frozen=True, eq=False)
class Confusion:
    """Test images by true class and by what was said of them, of the last epoch or before training.

    classes: names of the rows, (C,).
    columns: names of what was said, (K,): those of the classes, and before training "other" behind
        them.
    counts: images, (C, K) int64.

    Raises ValueError if shapes do not fit each other.
    """

    FILE: ClassVar[str] = "test_confusion.csv"
    FILE_BEFORE: ClassVar[str] = "test_before_confusion.csv"
    _AXES: ClassVar[Mapping[str, str]] = {"classes": "C", "columns": "K", "counts": "CK"}

    classes: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Ints

    def __post_init__(self) -> None:
        fit(self, self._AXES)

    @classmethod
    def file(cls, *, before: bool = False) -> str:
        """Its name."""
        return cls.FILE_BEFORE if before else cls.FILE

    def save(self, folder: Path, *, before: bool = False) -> None:
        """Leave test_confusion.csv, or test_before_confusion.csv, in a folder."""
        own = zip(self.classes, self.counts.tolist(), strict=True)
        table = [["true", *self.columns], *([name, *row] for name, row in own)]
        write_csv(folder / self.file(before=before), table)

    @classmethod
    def load(cls, folder: Readable, *, before: bool = False) -> Confusion:
        """What a trial left. Raises Absent if the file is missing or cannot be read."""
        name = cls.file(before=before)
        with reading(name):
            (_, *columns), *own = rows(folder / name)
            counts = np.array([row[1:] for row in own]).astype(np.int64)
            return cls(tuple(row[0] for row in own), tuple(columns), counts)
