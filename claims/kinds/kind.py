"""What every kind of claim is: a test of a run's numbers that says what it asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, FiniteFloat, SerializeAsAny

from claims.finding import Finding, Status
from claims.measures import Measure
from claims.needs import Missing, Needs, together
from claims.statistics import CONFIDENCE, Difference, within
from claims.value import Value
from runs.run import Run

Selection = Mapping[str, Any]
Region = Annotated[tuple[tuple[FiniteFloat | None, FiniteFloat | None], ...], Field(min_length=1)]
"""Open intervals, None being without end: ((0.05, None),) is "more than 5 points"."""


class Kind(Value, ABC):
    """A test, as a value that goes into study.json and comes back from it.

    A subclass has a name of its own as the default of its field `kind`, by which it is found again,
    and is imported by `claims`.
    """

    KINDS: ClassVar[dict[str, type[Kind]]] = {}
    OVER_RUNS: ClassVar[bool] = False
    """Whether it takes runs on several data sets to judge it."""

    kind: str

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        super().__pydantic_init_subclass__(**given)
        name = cls.model_fields["kind"].default
        if isinstance(name, str):  # what only others build on has none
            if name in Kind.KINDS and Kind.KINDS[name].__qualname__ != cls.__qualname__:
                raise TypeError(f"{cls.__name__} has the name of {Kind.KINDS[name].__name__}.")
            Kind.KINDS[name] = cls

    @property
    @abstractmethod
    def says(self) -> str:
        """What is compared with what, for people."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """Where the claim wants it, for people."""

    @property
    def counts_as(self) -> str:
        """What the test asks for, in words."""
        return f"{self.says}, {self.wanted}"

    @property
    @abstractmethod
    def simple(self) -> Sequence[Part]:
        """The tests of one number that it consists of."""

    @abstractmethod
    def judge(self, runs: Sequence[Run]) -> tuple[Status, list[Finding]]:
        """What it comes to in the first of the runs; in all of them where OVER_RUNS says so."""

    def lacks(self, runs: Sequence[Run], findings: Sequence[Finding]) -> tuple[Run, Needs]:
        """What would have to be there for what was not tested, and in which run."""
        return runs[0], together(one.needs for one in findings if one.status == "not tested")


class Part(Kind):
    """A test of one number, that can be part of a claim.

    sweep: whose variants it is about.
    on: the number.
    """

    RULE: ClassVar[str] = (
        "The whole interval decides: supported where all of it lies where the claim says, refuted "
        "where none of it does, and no detectable difference where it reaches over the bound that "
        "the claim names."
    )
    """What decides, a sentence for people."""

    sweep: str
    on: Measure

    @property
    def simple(self) -> Sequence[Part]:
        """Itself."""
        return (self,)

    @classmethod
    def counts_together(cls, tests: Sequence[Self]) -> str:
        """What several tests of one number ask for, that want it in one place, in words."""
        return "; ".join(test.counts_as for test in tests)

    @property
    @abstractmethod
    def compares(self) -> Collection[str] | None:
        """The settings of which the sweep must vary one; None where it compares nothing."""

    @abstractmethod
    def selections(self) -> Iterator[Selection]:
        """The variants that it names."""

    @abstractmethod
    def settings(self) -> Iterator[tuple[str, Any]]:
        """Every setting that it names, with its value; None where it has no certain one."""

    @abstractmethod
    def find(self, run: Run, confidence: float) -> Finding:
        """What it comes to in a run.

        confidence: of its interval, in (0, 1).

        Raises Missing if the run lacks something.
        """

    def finding(self, run: Run, confidence: float = CONFIDENCE) -> Finding:
        """What it comes to; where the run lacks something it is not tested, and says what."""
        try:
            return self.find(run, confidence)
        except Missing as why:
            return Finding(
                self.says, "not tested", self.wanted, note=f"{why}.", needs=why.needs
            )  # fmt: skip

    def judge(self, runs: Sequence[Run]) -> tuple[Status, list[Finding]]:
        """What it comes to in the first run."""
        finding = self.finding(runs[0])
        return finding.status, [finding]


def _from_data(value: Any) -> Any:
    """A test as study.json has it, by its kind; raises ValueError for one that there is not."""
    if not isinstance(value, Mapping):
        return value
    kind = Kind.KINDS.get(str(value.get("kind")))
    if kind is None:
        there = ", ".join(Kind.KINDS)
        raise ValueError(f"there is no kind of claim {value.get('kind')!r}; there are {there}")
    return kind.model_validate(value)


AnyKind = Annotated[SerializeAsAny[Kind], BeforeValidator(_from_data)]


def listed(names: Sequence[str], word: str = "and") -> str:
    """For people: "a, b and c"."""
    return f" {word} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def judge_interval(effect: Difference, region: Region) -> Status:
    """Where the whole interval of an effect lies to open intervals."""
    ends = [
        (-float("inf") if low is None else low, float("inf") if high is None else high)
        for low, high in region
    ]
    if any(within(effect, low, high) for low, high in ends):
        return "supported"
    if all(effect.high <= low or effect.low >= high for low, high in ends):
        return "refuted"
    return "no detectable difference"


def in_words(region: Region, on: Measure) -> str:
    """Open intervals in words: "above 5 points", "-2 to 2 points"."""
    return " or ".join(_interval(ends, on) for ends in region)


def _interval(ends: tuple[float | None, float | None], on: Measure) -> str:
    low, high = (None if end is None else f"{on.scale * end:g}" for end in ends)
    unit = f" {on.unit}" if on.unit else ""
    if high is None:
        return f"above {low}{unit}"
    if low is None:
        return f"below {high}{unit}"
    return f"{low} to {high}{unit}"
