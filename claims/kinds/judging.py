"""How a number is judged: by where its whole interval lies, with one seed and deaths weighed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field, FiniteFloat

from claims.aim import ends
from claims.estimates import Estimate
from claims.evidence import Sample
from claims.finding import Finding, Status
from claims.kinds.kind import Part
from claims.looks import extended
from claims.measures import Measure
from claims.statistics.interval import Difference

Region = Annotated[tuple[tuple[FiniteFloat | None, FiniteFloat | None], ...], Field(min_length=1)]
"""Open intervals, None being without end: ((0.05, None),) is "more than 5 points"."""

UNDECIDED: Status = "undecided"
TURNS = "it turns on whether networks that died count"
SIZE = "differs from 0, its size is not settled"
EITHER_SIDE = "could lie on either side"
MOST_SEEDS = 50  # beyond that nobody waits


def judge_interval(effect: Difference, region: Region) -> Status:
    """Where the whole interval of an effect lies to open intervals."""
    places = ends(region)
    if any(low < effect.low and effect.high < high for low, high in places):
        return "supported"
    if all(effect.high <= low or effect.low >= high for low, high in places):
        return "refuted"
    return "undecided"


def p_refuted(effect: Difference, region: Region) -> float:
    """The smallest level at which the interval lies outside of open intervals, in [0, 1]."""
    places = ends(region)
    if any(low < effect.estimate < high for low, high in places):
        return 1.0
    nearest = (low if effect.estimate <= low else high for low, high in places)
    return max(effect.p_at(bound) for bound in nearest)


def found(
    part: Part,
    estimates: Sequence[Estimate],
    region: Region,
    samples: Sequence[Sample],
    favoured: Collection[Sample],
    alpha: float,
) -> Finding:
    """What a test of one number comes to that wants it in a region.

    estimates: without networks that died, and with them, as `estimates.ways` has them: the
        claim must hold both ways.
    samples: the variants that it is about.
    favoured: those of them that the claim speaks for, no network of which may have died
        unexpectedly.
    """
    effects = [one.interval(alpha) for one in estimates]
    statuses = {judge_interval(effect, region) for effect in effects}
    turns = len(statuses) > 1
    status, clause = (UNDECIDED, TURNS) if turns else (statuses.pop(), "")
    counted = any(one.counted for one in estimates)
    on, first = part.on, effects[0]
    status, clause = weighed(status, clause, first.seeds, samples, favoured, counted, on)
    if status == "undecided" and not clause:
        compared = len(samples) > 1
        clause = SIZE if compared and first.excludes_zero else undecided(first, region)
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
        deaths=[one.deaths for one in (*favoured, *(o for o in samples if o not in favoured))],
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
        return UNDECIDED, f"networks died, which {on.says} does not count"
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
    """With how many seeds an extension of this run would decide, one clause."""
    alpha = extended(1.0 - effect.confidence)
    more = range(effect.seeds + 1, MOST_SEEDS + 1) if effect.seeds > 1 else ()
    for seeds in more:
        spread = effect.spread.with_seeds(effect.seeds, seeds)
        half = float(spread.half(alpha))
        then = replace(effect, low=effect.estimate - half, high=effect.estimate + half)
        if judge_interval(then, region) != "undecided":
            return f"needs about {seeds} seeds"
    return EITHER_SIDE


def in_words(region: Region, on: Measure) -> str:
    """Open intervals in words: "above 5 points", "-2 to 2 points"."""
    return " or ".join(_interval(place, on) for place in region)


def _interval(place: tuple[float | None, float | None], on: Measure) -> str:
    low, high = (None if end is None else f"{on.scale * end:g}" for end in place)
    unit = f" {on.unit}" if on.unit else ""
    if high is None:
        return f"above {low}{unit}"
    if low is None:
        return f"below {high}{unit}"
    return f"{low} to {high}{unit}"
