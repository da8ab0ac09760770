"""What the service and a trainable know of each other: settings, epochs, and the trial handle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import sentence

Progress = Callable[[str, int, int], None]
"""Called with (what, done, total) while something long is made ready."""


@dataclass(frozen=True)
class When:
    """Marks a field that applies only while another setting has one of some values."""

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class NotIdentity:
    """Marks a field that changes where things lie or what is recorded, never what is computed."""


class Diverged(RuntimeError):
    """The trial's numbers left the finite range: an outcome of its settings, never retried."""


class Settings(BaseModel):
    """Every hyperparameter of a trainable, one validated value; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: ClassVar[frozenset[str]] = frozenset()
    """The settings that decide what `prepare` makes ready, data and weights."""

    def __init__(self, **values: Any) -> None:
        """Raises UsageError, one sentence where pydantic has a page, if a value is refused."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise sentence(error, type(self).model_fields) from None

    def applies(self, name: str) -> bool:
        """Whether the setting `name` has a meaning given the values of the others."""
        marks = _marks(type(self))[name]
        return not marks or all(
            getattr(self, mark.setting) in mark.values and self.applies(mark.setting)
            for mark in marks
        )

    @classmethod
    def is_identity(cls, name: str) -> bool:
        """Whether the setting `name` decides what is computed (see NotIdentity)."""
        return name not in _no_identity(cls)

    def canonical(self) -> dict[str, Any]:
        """The settings that apply, ready for JSON."""
        return {k: v for k, v in self.model_dump(mode="json").items() if self.applies(k)}

    def identity(self) -> dict[str, Any]:
        """What decides the numbers, ready for JSON: canonical settings without any path."""
        return {name: value for name, value in self.canonical().items() if self.is_identity(name)}

    @property
    def draws(self) -> bool:
        """Whether a trial draws anything by its seed, the images that it is given included.

        One that does not has the same numbers whatever its seed: it is one trial, of seed 0.
        """
        return True

    def check(self) -> None:
        """Refuse inputs that are not there; cheap.

        Raises ValueError or OSError, one sentence, if one is refused.
        """

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Make ready what all trials read, and give {"dataset": ..., "weights": ...} to record."""
        return {}

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Sentences for a person about what `prepare` returned, such as images left out."""
        return []

    def remarks(self, trials: Sequence[Mapping[str, Any]]) -> list[str]:
        """Sentences for a person about finished trials.

        trials: of each its "variant" (a name), "settings" and "metrics", as results.json has them.
        """
        return []

    def epochs_in_all(self) -> int | None:
        """How many epochs a trial has, where that is known, for whoever waits for it."""
        return self.canonical().get("epochs")

    def environment(self) -> dict[str, str]:
        """Environment variables that a trial needs wherever it runs."""
        return {}

    def cost(self) -> tuple[float, float]:
        """A rough (seconds on one core, bytes on disk while running) of one trial."""
        return 0.0, 0.0

    def changed(self, **values: Any) -> Self:
        """A validated copy with other values.

        Raises pydantic's ValidationError if one is refused.
        """
        return type(self).model_validate({**self.model_dump(), **values})


@cache  # pydantic looks every field up anew, which is most of the time that listing trials takes
def _marks(kind: type[Settings]) -> Mapping[str, Sequence[When]]:
    """Of every field, when it applies."""
    return {
        name: [mark for mark in field.metadata if isinstance(mark, When)]
        for name, field in kind.model_fields.items()
    }


@cache
def _no_identity(kind: type[Settings]) -> frozenset[str]:
    """The fields that do not decide what is computed."""
    fields = kind.model_fields.items()
    return frozenset(
        name for name, one in fields if any(isinstance(mark, NotIdentity) for mark in one.metadata)
    )


@dataclass(frozen=True)
class Epoch:
    """One commit of a trial.

    metrics: finite numbers named split/name.
    state: tensors, numbers, strings and containers of them, enough to go on from here; left out, a
        trial that is interrupted begins anew; None for measurements after the last epoch, which
        belong to it.
    """

    metrics: Mapping[str, float]
    state: Mapping[str, Any] | None = field(default_factory=dict)


class Trial(Protocol):
    """What a trainable may ask of whoever runs it.

    seed: decides everything that is drawn.
    device: as torch names it, "cpu" or "cuda".
    folder: where the trial leaves its files.
    """

    seed: int
    device: str
    folder: Path

    @property
    def state(self) -> Mapping[str, Any] | None:
        """What the last committed epoch left, or None at the start."""

    @property
    def best(self) -> Mapping[str, Any] | None:
        """What the best committed epoch left, by the study's metric."""

    def progress(self, done: int, total: int) -> None:
        """Say how much of the current epoch is done; cheap, to be called every batch.

        done, total: of any one unit, such as batches.
        """


Trainable = Callable[[Any, Trial], Iterator[Epoch]]
T = TypeVar("T", bound=Trainable)


def measures(*names: str) -> Callable[[T], T]:
    """Say what a trainable measures: a study that claims something of another metric is refused.

    names: of metrics, with some settings or with all; * in them stands for any characters.
    """

    def said(trainable: T) -> T:
        vars(trainable)["measures"] = names
        return trainable

    return said


def measured_by(trainable: Trainable) -> tuple[str, ...]:
    """What a trainable is said to measure, names as in `measures`; () where nothing is said."""
    names: tuple[str, ...] = getattr(trainable, "measures", ())
    return names
