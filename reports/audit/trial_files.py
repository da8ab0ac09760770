"""What a trial left in its folder, read for the audit when a check first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

import metrics
from runs.artifacts import Absent, Confusion, Embeddings, Predictions, Seen
from runs.record import TrialRecord

Array = NDArray[Any]
T = TypeVar("T")


class TrialFiles:
    """Of one trial; all that is asked of it raises Absent if its file is missing or broken.

    trial: its record.
    trials: the records of all trials of its run.
    """

    def __init__(self, trial: TrialRecord, trials: Sequence[TrialRecord] = ()) -> None:
        self.trial, self.trials = trial, trials

    def series(self, name: str) -> list[float]:
        """The values of a metric, epoch by epoch."""
        return [float(line[name]) for line in self.trial.lines if name in line]

    @property
    def embeds(self) -> bool:
        """Whether it is one that leaves embeddings, though they may be missing."""
        embeds = any("train/embedding_norm" in line for line in self.trial.lines)
        return embeds or (self.trial.folder / Embeddings.FILE).is_file()

    @cached_property
    def seen(self) -> Seen:
        """What the trial was given."""
        return Seen.load(self.trial.folder)

    @cached_property
    def predictions(self) -> Predictions:
        """Of the test images."""
        return Predictions.load(self.trial.folder)

    @cached_property
    def embeddings(self) -> NDArray[np.float64]:
        """Of test images, (N, D)."""
        return Embeddings.load(self.trial.folder).embeddings.astype(np.float64)

    @cached_property
    def matrix(self) -> Confusion:
        """The confusion matrix that the trial left."""
        return Confusion.load(self.trial.folder)

    @property
    def class_names(self) -> list[str]:
        """Of the classes, as the predictions have them."""
        if self.predictions.classes is None:
            raise Absent(f"no classes in {Predictions.FILE}")
        return list(self.predictions.classes)

    def class_names_of(self, size: int) -> list[str]:
        """Of so many classes; numbers where the trial has no names for them."""
        numbers = [f"class {number}" for number in range(size)]
        for known in (lambda: self.class_names, lambda: list(self.matrix.classes)):
            names = first(known, list[str])
            if len(names) == size:
                return names
        return numbers

    @property
    def images(self) -> Array:
        """Test images of every class that the trial was given, (C,)."""
        return np.array(self.seen.test.per_class)

    @property
    def classes(self) -> int:
        """How many there are, C, by what the trial was given or else by its predictions."""
        return first(lambda: len(self.images), lambda: len(self.class_names))

    @property
    def table(self) -> Array:
        """Test images by true and predicted class, (C, C): the predictions or else the matrix."""
        return first(self._counted, lambda: self.matrix.counts)

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
        labels, predicted = self.predictions.label, self.predictions.prediction
        known = first(lambda: len(self.class_names), lambda: len(self.images), lambda: 0)
        size = max(known, *(int(x.max(initial=0)) + 1 for x in (labels, predicted)))
        return metrics.confusion_matrix(labels, predicted, size)


def first(*sources: Callable[[], T]) -> T:
    """What the first source gives that lacks nothing.

    Raises Absent if all lack something, with all that is lacking.
    """
    reasons = []
    for source in sources:
        try:
            return source()
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent(", ".join(dict.fromkeys(reasons)))


def not_finite(values: Array, what: str) -> str | None:
    """How many of the values, called `what`, are NaN or infinite; None without any."""
    wrong = int((~np.isfinite(values)).sum())
    return f"{wrong:,} of {values.size:,} {what} are NaN or infinite." if wrong else None
