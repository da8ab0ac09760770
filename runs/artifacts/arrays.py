"""A file of named arrays, each of which is a field of a dataclass."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from runs.artifacts.absent import reading
from runs.artifacts.shapes import fit
from runs.atomic import write
from runs.bundle import Readable

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

Axes = tuple[str, type]
"""The axes of a field, a letter each, and what it holds: numbers of a dtype, names (str), or one
number (int)."""


class Arrays:
    """What such dataclasses share; a field with a default may lack in a file.

    FILE: its name.
    FIELDS: every field, in the order in which the file has them.
    """

    FILE: ClassVar[str]
    FIELDS: ClassVar[Mapping[str, Axes]]

    def __post_init__(self) -> None:
        """Raises ValueError if shapes do not fit each other."""
        fit(self, {name: axes for name, (axes, _) in self.FIELDS.items()})

    def save(self, folder: Path) -> None:
        """Leave the file in a folder."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.FIELDS}
        file = io.BytesIO()
        np.savez_compressed(file, **{n: value for n, value in values.items() if value is not None})
        write(folder / self.FILE, file.getvalue())

    @classmethod
    def load(cls, folder: Readable) -> Self:
        """What a trial left. Raises Absent if its file is missing or cannot be read."""
        with reading(cls.FILE):
            with (folder / cls.FILE).open("rb") as file, np.load(file) as kept:
                stored = {name: kept[name] for name in cls.FIELDS if name in kept}
            return cls(**{name: _as(stored[name], cls.FIELDS[name][1]) for name in stored})


def _as(values: NDArray[Any], kind: type) -> Any:
    """A field's value; raises TypeError for numbers of another kind."""
    if kind is str:
        return tuple(str(name) for name in values)
    if kind is int:
        return int(values)
    return values.astype(kind, casting="same_kind", copy=False)
