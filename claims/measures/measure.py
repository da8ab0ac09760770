"""What every measure is: a way to read one number off a trial."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from claims.measures.images import ByImage
from claims.needs import Missing, Needs
from claims.units import POINTS, unit_of
from claims.value import Value
from runs.record import TrialRecord

Floats = npt.NDArray[np.float64]


class BaseMeasure(Value, ABC):
    """A number of a trial, as a value that goes into study.json and comes back from it."""

    VERSION: ClassVar[int] = 1
    """Counted up when the same curve gives another number: a claim on it is then another claim."""

    @property
    @abstractmethod
    def says(self) -> str:
        """For people."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """All that it reads; a trainable that does not report one of them cannot be measured."""

    @property
    def unit(self) -> str:
        """What follows the number."""
        return ""

    @property
    def scale(self) -> float:
        """What the number is multiplied by for people."""
        return 1.0

    @property
    def possible(self) -> tuple[float, float]:
        """The lowest and the highest number that there can be."""
        return (-math.inf, math.inf)

    def finest(self, counts: Mapping[str, int]) -> float | None:
        """The least by which two trials can differ, where one image makes it; None elsewhere.

        counts: images of the splits train, val and test.
        """
        return None

    @abstractmethod
    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The number.

        rivals: the trained trials of all seeds of all that is compared, itself among them.

        Raises Missing if the trial did not measure what it takes.
        """

    def of_dead(self, chance: float | None, rivals: Sequence[TrialRecord]) -> float | None:
        """The number of a network that learnt nothing; None where there is no such number.

        chance: the accuracy of always naming the largest class, None where that is unknown.
        """
        return None

    def caveat(self, trials: Sequence[TrialRecord], rivals: Sequence[TrialRecord]) -> str:
        """What else to know of the numbers of these trials, a sentence; "" for nothing."""
        return ""

    def others(self) -> list[Self]:
        """The same measure of other metrics that would do as well."""
        return []

    def images(self, trial: TrialRecord) -> Floats | None:
        """A value an image of the test set, (N,), of which the number is the mean.

        Returns None where the number is no such mean, or the trial kept no predictions.
        """
        found = self._by_image(trial)
        return None if found is None else found.values

    def labels(self, trial: TrialRecord) -> npt.NDArray[np.int64] | None:
        """The true classes of these images, (N,): trials with the same ones share their images."""
        found = self._by_image(trial)
        return None if found is None else found.labels

    def _by_image(self, trial: TrialRecord) -> ByImage | None:
        return None


class OfMetric(BaseMeasure):
    """A measure that reads one metric.

    metric: its name, split/name.
    alternatives: the names of others that would do as well, so that a claim should hold on them.
    """

    metric: str
    alternatives: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = (self.metric, *self.alternatives)
        if len({*names}) < len(names):
            raise ValueError(f"metric and alternatives name one twice: {', '.join(names)}")
        return self

    @model_serializer(mode="wrap")
    def _without_empty(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As data; without alternatives it is what runs registered before there were any."""
        data: dict[str, Any] = whole(self)
        if not self.alternatives:
            del data["alternatives"]
        return data

    @property
    def metrics(self) -> tuple[str, ...]:
        """The one."""
        return (self.metric,)

    @property
    def unit(self) -> str:
        """That of the metric: accuracies and their like are told in points."""
        return unit_of(self.metric).word

    @property
    def scale(self) -> float:
        """That of the metric's unit."""
        return unit_of(self.metric).scale

    @property
    def possible(self) -> tuple[float, float]:
        """Accuracies and their like are shares."""
        return (0.0, 1.0) if unit_of(self.metric) is POINTS else (-math.inf, math.inf)

    def finest(self, counts: Mapping[str, int]) -> float | None:
        """One image of its split, of a share of these."""
        return one_image(self.metric, counts)

    def others(self) -> list[Self]:
        """The same of each alternative, which has none of its own."""
        return [
            self.model_copy(update={"metric": name, "alternatives": ()})
            for name in self.alternatives
        ]


def one_image(metric: str, counts: Mapping[str, int]) -> float | None:
    """What one image is in a share of a split's images; None of what is no share."""
    images = counts.get(metric.partition("/")[0].partition("_")[0], 0)
    return 1.0 / images if images and unit_of(metric) is POINTS else None


def curve(trial: TrialRecord, metric: str, least: int = 1, why: str = "") -> Floats:
    """A metric by epoch, (E,).

    least: so many epochs are needed.
    why: for what, as a sentence names it: "a rise".

    Raises Missing if it was not measured by epoch, or there are fewer.
    """
    values = [line[metric] for line in trial.lines if metric in line]
    if not values:
        raise unmeasured(metric, " by epoch")
    if len(values) < least:
        said = f"{metric} has {len(values)} epochs, and {why} needs {least}"
        raise Missing(said, Needs(free=frozenset({"epochs"})))
    return np.array(values, dtype=np.float64)


def unmeasured(metric: str, how: str = "") -> Missing:
    """That a metric is not there; what would measure it is known of these two alone."""
    curves, clean = (metric.startswith(split) for split in ("test_curve/", "train_clean/"))
    return Missing(f"{metric} was not measured{how}", Needs(test_curves=curves, anew=clean))
