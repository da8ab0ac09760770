"""What decides a test of one number, as a value, for whoever plans how many seeds it takes."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from claims.estimates import Estimate
from claims.evidence import Sample
from claims.measures import Measure
from claims.units import POINTS

STEP = 0.02  # 2 points: what a difference is supposed to be whose bound is 0

Open = Sequence[tuple[float | None, float | None]]
"""Open intervals, None being without end."""


@dataclass(frozen=True, eq=False)
class Aim:
    """What decides a test of one number.

    estimates: as `estimates.ways` has them.
    region: where the claim wants the number.
    samples: the variants that it is about.
    favoured: those of them none of which may have died unexpectedly.
    truth: what the number may be supposed to be, in its unit.
    supposing: that in words: "they differ by 2 points".
    steps: of each estimate, others each of which refutes the test alone if it is clear that it lies
        outside of the region, as a step against a trend does; they share alpha.
    """

    estimates: Sequence[Estimate]
    region: Open
    samples: Collection[Sample]
    favoured: Collection[Sample]
    truth: float
    supposing: str
    steps: Sequence[Sequence[Estimate]] = ()


def ends(region: Open) -> list[tuple[float, float]]:
    """Open intervals as numbers, infinite where they are without end."""
    return [
        (-math.inf if low is None else low, math.inf if high is None else high)
        for low, high in region
    ]


def small(on: Measure, estimate: Estimate, bound: float = 0.0) -> tuple[float, str]:
    """What to suppose where no margin says what matters, and that in words.

    2 points, of what is told in points. Else what the run has, or one standard deviation over seeds
    where that is more: what lies so near to the bound may lie there by chance.

    bound: from where the run's own is counted.

    Returns it, > 0, and "" for what the run has.
    """
    if on.unit == POINTS.word:
        return STEP, f"{on.scale * STEP:g} points"
    sd = estimate.spread.seeds * math.sqrt(estimate.seeds)
    own = abs(estimate.value - bound)
    return (own, "") if own > sd else (sd, "one standard deviation over seeds")


def supposed_difference(region: Open, on: Measure, estimate: Estimate) -> tuple[float, str]:
    """A difference to suppose, and that in words.

    None, where the claim is that there is none. Else twice the bound that is nearest to 0, or a
    small one where that is 0 itself; but never beyond the middle of where it can be.
    """
    if any(low < 0.0 < high for low, high in ends(region)):
        return 0.0, "nothing differs"
    place = min(ends(region), key=lambda one: min(map(abs, one)))
    margin = min(map(abs, place))
    step, named = small(on, estimate)
    truth = inside(place, margin or step, estimate.possible)
    if margin or abs(truth) != step:
        named = f"{on.scale * abs(truth):.3g} {on.unit}".rstrip()
    return truth, f"they differ by {named}" if named else "they differ as in the earlier run"


def supposed_level(region: Open, on: Measure, estimate: Estimate) -> tuple[float, str]:
    """A level to suppose, and that in words: a little inside its bound."""
    place = min(ends(region), key=lambda one: min(map(abs, one)))
    bound = min(place, key=abs)
    step, named = small(on, estimate, bound)
    truth = inside(place, step, estimate.possible)
    if truth not in (place[0] + step, place[1] - step):
        return truth, f"it is {on.scale * truth:.3g} {on.unit}".rstrip()
    if not named:
        return truth, "it lies as far inside its bound as in the earlier run"
    return truth, f"it lies {named} inside its bound"


def inside(place: tuple[float, float], step: float, possible: tuple[float, float]) -> float:
    """So far inside the bound of an interval that is nearest to 0, at most in its middle."""
    low, high = place
    middle = (max(low, possible[0]) + min(high, possible[1])) / 2.0
    if abs(low) <= abs(high):
        return min(low + step, middle)
    return max(high - step, middle)
