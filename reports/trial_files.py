"""What a trial left in its folder, read for the audit when a check first asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np
from numpy.typing import NDArray

import metrics
from reports.run import Trial

Array = NDArray[Any]
T = TypeVar("T")


class Absent(Exception):
    """What a check needs is not there; says what."""


class TrialFiles:
    """Of one trial; all that is asked of it raises Absent where its file is missing or broken."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def series(self, name: str) -> list[float]:
        """The values of a metric, epoch by epoch."""
        return [float(line[name]) for line in self.trial.lines if name in line]

    @cached_property
    def seen(self) -> dict[str, Any]:
        """What the trial was given (trainables/seen.py)."""
        return self._opened("seen.json", _seen)

    @cached_property
    def predictions(self) -> dict[str, Array]:
        """Of the test images: at least label and prediction, both (N,)."""
        return self._opened("predictions.npz", lambda path: _arrays(path, "label", "prediction"))

    @cached_property
    def embeddings(self) -> Array:
        """Of test images, (N, D) in float64."""
        found = self._opened("embeddings.npz", lambda path: _arrays(path, "embeddings"))
        points: Array = found["embeddings"].astype(np.float64)
        return points

    @cached_property
    def matrix(self) -> tuple[list[str], Array]:
        """Names of the rows, and counts, of the confusion matrix that the trial left."""
        return self._opened("test_confusion.csv", _matrix)

    @property
    def names(self) -> list[str]:
        """Of the classes, as the predictions have them."""
        if "classes" not in self.predictions:
            raise Absent("no classes in predictions.npz")
        return [str(name) for name in self.predictions["classes"]]

    def names_of(self, size: int) -> list[str]:
        """Of so many classes; numbers where the trial has no names for them."""
        numbers = [f"class {number}" for number in range(size)]
        for known in (lambda: self.names, lambda: self.matrix[0]):
            names = first(known, list[str])
            if len(names) == size:
                return names
        return numbers

    @property
    def images(self) -> Array:
        """Test images of every class that the trial was given, (C,)."""
        return np.array(self.seen["test"]["per_class"])

    @property
    def classes(self) -> int:
        """How many there are, C, by what the trial was given or else by its predictions."""
        return first(lambda: len(self.images), lambda: len(self.names))

    @property
    def table(self) -> Array:
        """Test images by true and predicted class, (C, C): the predictions or else the matrix."""
        return first(self._counted, lambda: self.matrix[1])

    @property
    def chance(self) -> tuple[float, int]:
        """The largest class's share of the test images (1 / C or more), and their number."""
        images = first(lambda: self.images, lambda: self.table.sum(1))
        if not images.sum():
            raise Absent("no test images")
        return float(images.max() / images.sum()), int(images.sum())

    @property
    def accuracy(self) -> float:
        """Of the last epoch, on test, in [0, 1]."""
        accuracy = float(self.trial.metrics.get("test/accuracy", -1.0))
        if not 0.0 <= accuracy <= 1.0:
            raise Absent("no test/accuracy")
        return accuracy

    def _counted(self) -> Array:
        labels, predicted = self.predictions["label"], self.predictions["prediction"]
        known = first(lambda: len(self.names), lambda: len(self.images), lambda: 0)
        size = max(known, *(int(x.max(initial=0)) + 1 for x in (labels, predicted)))
        try:
            return metrics.confusion_matrix(labels, predicted, size)
        except ValueError:
            raise Absent("predictions.npz cannot be read") from None

    def _opened(self, name: str, read: Callable[[Path], T]) -> T:
        try:
            return read(self.trial.folder / name)
        except FileNotFoundError:
            raise Absent(f"no {name}") from None
        except (OSError, EOFError, ValueError, LookupError, TypeError, BadZipFile, ZlibError):
            raise Absent(f"{name} cannot be read") from None


def first(*sources: Callable[[], T]) -> T:
    """What the first source gives that lacks nothing; else Absent, with all that is lacking."""
    reasons = []
    for source in sources:
        try:
            return source()
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent(", ".join(dict.fromkeys(reasons)))


def _seen(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    for part in ("train", "val", "test"):  # a file without one of them cannot be read
        _ = found[part]["size"], [int(n) for n in found[part]["per_class"]]
    _ = int(found["shared"])
    return found


def _matrix(path: Path) -> tuple[list[str], Array]:
    from reports.scores import read_matrix  # brings what draws

    names, counts = read_matrix(path)
    if counts.ndim != 2:
        raise ValueError(counts.shape)
    return names, counts


def _arrays(path: Path, *needed: str) -> dict[str, Array]:
    with np.load(path) as kept:
        found = dict(kept)
    if lacking := [name for name in needed if name not in found]:
        raise LookupError(lacking)
    return found
