"""The vocabulary in which a study declares what its numbers may support or refute.

A claim is decided beforehand: which variants, which number of a trial, and where their difference
must lie. `claims.verdicts` judges it. A selection such as {"loss": "center"} names the one variant
of a sweep with these settings; where the study tunes a setting for each variant, that at its own
value. Claims go into study.json and come back from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from claims.measures import At, Last, Measure

Selection = Mapping[str, Any]
Region = Annotated[tuple[tuple[FiniteFloat | None, FiniteFloat | None], ...], Field(min_length=1)]
"""Open intervals, None being without end: ((0.05, None),) is "more than 5 points"."""
ACCURACY = Last(metric="test/accuracy")


class _Test(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Differs(_Test):
    """The mean difference of a number, `of` less `to`, lies in `within`."""

    kind: Literal["differs"] = "differs"
    sweep: str
    of: Selection
    to: Selection
    on: Measure = ACCURACY
    within: Region


class Trend(_Test):
    """A number rises (or falls) with the order of a setting's values, which are numbers.

    among: those of the values that count, () for all.  where: what else a variant must have.
    """

    kind: Literal["trend"] = "trend"
    sweep: str
    over: str
    on: Measure = ACCURACY
    rises: bool
    among: tuple[float, ...] = ()
    where: Selection = {}


class Level(_Test):
    """The mean of a number of one variant lies in `within`."""

    kind: Literal["level"] = "level"
    sweep: str
    of: Selection
    on: Measure
    within: Region


class OrderChanges(_Test):
    """Of runs on several data sets, `of` is better than `to` on one and worse on another."""

    kind: Literal["order_changes"] = "order_changes"
    sweep: str
    of: Selection
    to: Selection
    on: Measure = ACCURACY


class Every(_Test):
    """All parts hold; an order that changes needs several runs, and stands alone."""

    kind: Literal["every"] = "every"
    parts: tuple[Part, ...] = Field(min_length=1)


Part = Annotated[Differs | Trend | Level | Every, Field(discriminator="kind")]
Test = Annotated[Differs | Trend | Level | OrderChanges | Every, Field(discriminator="kind")]


class Claim(BaseModel):
    """A sentence, and the test that was chosen for it before anything ran."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="short, unique in a project: q2.overfit")
    says: str = Field(description="the claim, one sentence")
    counts_as: str = Field(description="in words, what the test asks for")
    test: Test


def beats(
    sweep: str, of: Selection, to: Selection, by: float = 0.0, on: Measure = ACCURACY
) -> Differs:
    """`of` is above `to` by more than `by`, in the number's unit (accuracies: 0..1)."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((by, None),))


def below(sweep: str, of: Selection, to: Selection, on: Measure) -> Differs:
    """`of` is below `to`."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((None, 0.0),))


def alike(
    sweep: str, of: Selection, to: Selection, margin: float, on: Measure = ACCURACY
) -> Differs:
    """The whole interval of the difference lies within ±margin: an equivalence test."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((-margin, margin),))


def overtakes(sweep: str, of: Selection, to: Selection, metric: str, early: float = 0.2) -> Every:
    """`of` is below `to` after a share `early` of the epochs, and above it at the end."""
    return Every(
        parts=(
            below(sweep, of, to, At(metric=metric, share=early)),
            beats(sweep, of, to, on=At(metric=metric, share=1.0)),
        )
    )


def every(parts: Sequence[Part]) -> Every:
    """All parts hold."""
    return Every(parts=tuple(parts))


def simple(test: Test) -> Iterator[Differs | Trend | Level | OrderChanges]:
    """The parts of a test that are no conjunctions."""
    if isinstance(test, Every):
        for part in test.parts:
            yield from simple(part)
    else:
        yield test


def problem(claim: Claim, varied: Mapping[str, Sequence[str]]) -> str | None:
    """Why a study cannot make this claim, one sentence; None where it can.

    varied: the settings that each of its sweeps varies.
    """
    for part in simple(claim.test):
        if part.sweep not in varied:
            return f"Claim {claim.id} is about sweep {part.sweep!r}, which the study does not have."
        if isinstance(part, Trend):
            names = [part.over]
        elif isinstance(part, Level):
            continue
        else:
            keys = {**part.of, **part.to}
            names = [k for k in keys if part.of.get(k) != part.to.get(k)]
        if not set(names) & set(varied[part.sweep]):
            return (
                f"Claim {claim.id} compares {' and '.join(names) or 'a variant with itself'}, "
                f"which sweep {part.sweep} never varies; it varies "
                f"{', '.join(varied[part.sweep])}."
            )
    return None


def selections(claim: Claim) -> Iterator[tuple[str, Selection]]:
    """The variants that a claim names, each with its sweep."""
    for part in simple(claim.test):
        if isinstance(part, Trend):
            for value in part.among:
                yield part.sweep, {part.over: value, **part.where}
        else:
            yield part.sweep, part.of
            yield from () if isinstance(part, Level) else ((part.sweep, part.to),)


def settings_of(claim: Claim) -> Iterator[tuple[str, Any]]:
    """Every setting that a claim names, with its value; a trend's without one, as None."""
    for part in simple(claim.test):
        if isinstance(part, Trend):
            yield part.over, None
            yield from part.where.items()
        else:
            yield from part.of.items()
            yield from part.to.items() if not isinstance(part, Level) else ()
