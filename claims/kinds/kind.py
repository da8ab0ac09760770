"""What every kind of claim is: a test of a run's numbers that says what it asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, SerializeAsAny

from claims.aim import Aim
from claims.finding import DECIDED, Finding, Status
from claims.looks import alpha_of
from claims.measures import Measure
from claims.needs import LearntNothing, Missing, Needs, Uncounted, together
from claims.value import Value
from runs.run import Run
from runs.variants import Variant

Selection = Mapping[str, Any]


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

    def clause(self, status: Status, findings: Sequence[Finding]) -> str:
        """What else than the clause of one finding says why it comes to this status, or ""."""
        return ""

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

    def aim(self, run: Run) -> Aim:
        """What decides it, as far as a run lets one expect that of another one.

        Raises Missing if the run lacks something, or where nothing can be said beforehand.
        """
        raise Missing(f"nothing is known beforehand of claims of kind {self.kind}")

    def finding(self, run: Run, share: float = 1.0) -> Finding:
        """What it comes to; where the run lacks something it is not tested, and says what.

        share: of what the run's look may err with, in (0, 1].
        """
        alpha = share * alpha_of(run.study, self.sweep)
        try:
            found = self.find(run, alpha)
        except Uncounted as why:
            return Finding(self.says, "undecided", self.wanted, clause=str(why))
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
