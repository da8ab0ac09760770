"""What every kind of claim is: a test of a run's numbers that says what it asks for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, FiniteFloat, SerializeAsAny

from claims.evidence import Estimate, Sample
from claims.finding import DECIDED, Finding, Status
from claims.looks import alpha_of
from claims.measures import Measure
from claims.needs import LearntNothing, Missing, Needs, together
from claims.statistics.interval import Difference
from claims.value import Value
from runs.run import Run
from runs.variants import Variant

Selection = Mapping[str, Any]
Region = Annotated[tuple[tuple[FiniteFloat | None, FiniteFloat | None], ...], Field(min_length=1)]
"""Open intervals, None being without end: ((0.05, None),) is "more than 5 points"."""


UNDECIDED: Status = "undecided"
TURNS = "it turns on whether networks that died count"
EITHER_SIDE = "could lie on either side"
MOST_SEEDS = 50  # beyond that nobody waits


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
        "where none of it does, and undecided where it reaches over the bound that the claim names."
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

    def pair(self, run: Run) -> tuple[Variant, Variant] | None:
        """The two variants whose difference it is about; None where there are not two."""
        return None

    @abstractmethod
    def selections(self) -> Iterator[Selection]:
        """The variants that it names."""

    @abstractmethod
    def settings(self) -> Iterator[tuple[str, Any]]:
        """Every setting that it names, with its value; None where it has no certain one."""

    @abstractmethod
    def find(self, run: Run, alpha: float) -> Finding:
        """What it comes to in a run.

        alpha: what its interval may err with, in (0, 1).

        Raises Missing if the run lacks something.
        """

    def finding(self, run: Run, share: float = 1.0) -> Finding:
        """What it comes to; where the run lacks something it is not tested, and says what.

        share: of what the run's look may err with, in (0, 1].
        """
        alpha = share * alpha_of(run.study, self.sweep)
        try:
            found = self.find(run, alpha)
        except Missing as why:
            return Finding(
                self.says, "not tested", self.wanted, note=f"{why}.", needs=why.needs,
                learnt_nothing=isinstance(why, LearntNothing),
            )  # fmt: skip
        return replace(found, fragile=self._turned(run, alpha, found.status))

    def _turned(self, run: Run, alpha: float, status: Status) -> str:
        """What measures come to that would do as well, where that is decided otherwise; or ""."""
        turned = []
        for other in self.on.others() if status in DECIDED else ():
            try:
                found = self.model_copy(update={"on": other}).find(run, alpha)
            except Missing:
                continue
            if found.status in DECIDED and found.status != status:
                turned.append(f"{found.status} by {other.says}")
        return ", ".join(turned)

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
    ends = _ends(region)
    if any(low < effect.low and effect.high < high for low, high in ends):
        return "supported"
    if all(effect.high <= low or effect.low >= high for low, high in ends):
        return "refuted"
    return "undecided"


def p_refuted(effect: Difference, region: Region) -> float:
    """The smallest level at which the interval lies outside of open intervals, in [0, 1]."""
    ends = _ends(region)
    if any(low < effect.estimate < high for low, high in ends):
        return 1.0
    nearest = (low if effect.estimate <= low else high for low, high in ends)
    return max(effect.p_at(bound) for bound in nearest)


def _ends(region: Region) -> list[tuple[float, float]]:
    return [
        (-math.inf if low is None else low, math.inf if high is None else high)
        for low, high in region
    ]


def found(
    part: Part,
    estimates: Sequence[Estimate],
    region: Region,
    samples: Sequence[Sample],
    favoured: Collection[Sample],
    alpha: float,
) -> Finding:
    """What a test of one number comes to that wants it in a region.

    estimates: without networks that died, and with them, as `evidence.ways` has them: the
        claim must hold both ways.
    samples: the variants that it is about.
    favoured: those of them that the claim speaks for, none of which may have died unexpectedly.
    """
    effects = [one.interval(alpha) for one in estimates]
    statuses = {judge_interval(effect, region) for effect in effects}
    turns = len(statuses) > 1
    status, clause = (UNDECIDED, TURNS) if turns else (statuses.pop(), "")
    counted = any(one.counted for one in estimates)
    on, first = part.on, effects[0]
    status, clause = weighed(status, clause, first.seeds, samples, favoured, counted, on)
    if status == "undecided" and not clause:
        clause = undecided(first, region)
    return Finding(
        says=part.says,
        status=status,
        wanted=part.wanted,
        effect=first,
        clause=clause,
        p_refuted=max(p_refuted(effect, region) for effect in effects),
        scale=on.scale,
        unit=on.unit,
        detectable=first.detectable if status == "undecided" else None,
        deaths=[one.deaths for one in samples],
    )


def weighed(
    status: Status,
    clause: str,
    seeds: int,
    samples: Collection[Sample],
    favoured: Collection[Sample],
    counted: bool,
    on: Measure,
) -> tuple[Status, str]:
    """What is left of a status, with why, where one seed of several ran, or networks died.

    counted: whether networks that died were counted in one way of looking.
    """
    lost = [one.deaths for one in favoured if one.deaths.dead and not one.deaths.expected]
    if seeds == 1 and any(one.draws for one in samples):
        return UNDECIDED, "one seed: another may end elsewhere"
    if any(one.deaths.dead for one in samples) and not counted:
        return UNDECIDED, f"networks died, of which {on.says} says nothing"
    if status == "supported" and lost:
        return UNDECIDED, f"{lost[0].dead} of {lost[0].of} seeds of {lost[0].variant} died"
    return status, clause


def of_deaths(finding: Finding) -> str:
    """How many networks died, and how many may of those that something is supported of, or ""."""
    died = [f"{one.dead} of {one.of} seeds of {one.variant}" for one in finding.deaths if one.dead]
    said = [f"Died: {', '.join(died)}."] if died else []
    drawn = [one for one in finding.deaths if one.draws]
    if finding.status == "supported" and drawn:
        first = drawn[0]
        said.append(
            f"Only if {first.variant} trains: {first.dead} of {first.of} seeds died, and up to "
            f"{100 * first.at_most:.0f} % of all may."
        )
    return " ".join(said)


def undecided(effect: Difference, region: Region) -> str:
    """Why an interval decides nothing, one clause."""
    if effect.excludes_zero:
        return "differs from 0, its size is not settled"
    more = range(effect.seeds + 1, MOST_SEEDS + 1) if effect.seeds > 1 else ()
    for seeds in more:
        spread = effect.spread.with_seeds(effect.seeds, seeds)
        half = float(spread.half(1.0 - effect.confidence))
        ends = replace(effect, low=effect.estimate - half, high=effect.estimate + half)
        if judge_interval(ends, region) != "undecided":
            return f"needs about {seeds} seeds"
    return EITHER_SIDE


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
