"""What a trial was given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from runs.artifacts.absent import reading
from runs.atomic import write
from runs.bundle import Readable


@dataclass(frozen=True)
class Split:
    """Images of one part.

    size: height and width of an image, pixels.
    per_class: images of each of C classes, (C,).
    """

    size: tuple[int, ...]
    per_class: tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """What a trial was given.

    train, val, test: its images.
    shared: how many test images are, pixel by pixel, also in train or validation.
    """

    FILE: ClassVar[str] = "seen.json"

    train: Split
    val: Split
    test: Split
    shared: int

    def save(self, folder: Path) -> None:
        """Leave seen.json in a folder."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        said = {name: {"size": p.size, "per_class": p.per_class} for name, p in parts.items()}
        write(folder / self.FILE, f"{json.dumps({**said, 'shared': self.shared})}\n".encode())

    @classmethod
    def load(cls, folder: Readable) -> Seen:
        """What a trial left. Raises Absent if seen.json is missing or cannot be read."""
        with reading(cls.FILE):
            said = json.loads((folder / cls.FILE).read_text())
            train, val, test = (_split(said[name]) for name in ("train", "val", "test"))
            return cls(train, val, test, int(said["shared"]))


def _split(said: Mapping[str, Any]) -> Split:
    return Split(tuple(map(int, said["size"])), tuple(map(int, said["per_class"])))
