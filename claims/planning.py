"""What a comparison could have shown, and what it would cost to show a point."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from claims.comparisons import Comparison
from claims.statistics.interval import Difference
from claims.units import POINTS, unit_of
from runs.variants import Variant

POINT = 0.01
MOST = 1_000  # seeds; beyond that nobody waits


@dataclass(frozen=True)
class Power:
    """What a comparison could have found.

    detectable: the true difference that these seeds and images find 4 times in 5, in the metric's
        own unit.
    seeds: how many find one of a point; None for more than 1,000, where test images alone leave
        more than that open, or where points mean nothing.
    hours: of one trial after the other, for these seeds of both variants.
    """

    detectable: float
    seeds: int | None
    hours: float | None


def powers(compared: Comparison) -> dict[Variant, Power]:
    """That of every difference over several seeds."""
    powers = {}
    base = compared.baseline.finished
    for variant, difference in compared.differences.items():
        if difference.seeds < 2:
            continue
        seeds = None
        if unit_of(compared.metric) is POINTS:
            seeds = seeds_needed(difference, POINT)
        own = variant.finished
        both = sum(t.seconds for t in own) / len(own) + sum(t.seconds for t in base) / len(base)
        hours = None if seeds is None else seeds * both / 3600
        powers[variant] = Power(difference.detectable, seeds, hours)
    return powers


def seeds_needed(difference: Difference, effect: float) -> int | None:
    """The fewest seeds, from 2, that find a true effect 4 times in 5; None for more than 1,000.

    difference: of at least two seeds, whose spread new ones have, too.
    effect: > 0, in its unit.
    """

    def found(seeds: int) -> bool:
        spread = difference.spread.with_seeds(difference.seeds, seeds)
        return spread.detectable(1.0 - difference.confidence) <= effect

    enough = bisect_left(range(MOST + 1), True, 2, key=found)
    return enough if enough <= MOST else None
