"""What a comparison could have shown, and what it would cost to show a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claims import statistics
from claims.comparisons import Comparison
from claims.units import unit_of
from claims.verdicts import Verdict
from runs.run import Run
from runs.variants import Variant

POINT = 0.01
MOST = 1_000  # seeds; beyond that nobody waits


@dataclass(frozen=True)
class Power:
    """What a comparison could have found.

    detectable: the true difference that these seeds find 4 times in 5, in the metric's own unit.
    seeds: how many find one of a point; None for more than 1,000, or where points mean nothing.
    hours: of one trial after the other, for these seeds of both variants.
    """

    detectable: float
    seeds: int | None
    hours: float | None


def powers(compared: Comparison) -> dict[Variant, Power]:
    """That of every difference over seeds. Its test stands alone: no other is corrected for."""
    metric, share = compared.metric, unit_of(compared.metric).word == "points"
    base = {t.seed: t for t in compared.baseline.finished if metric in t.metrics}
    powers = {}
    for variant, difference in compared.differences.items():
        if not difference.over_seeds:
            continue
        pairs = [(t, base[t.seed]) for t in variant.finished if t.seed in base]
        gaps = [own.metrics[metric] - to.metrics[metric] for own, to in pairs]
        spread = float(np.std(gaps, ddof=1))
        quiet = share and spread < MOST * POINT / 20
        seeds = statistics.seeds_needed(spread, POINT) if quiet else None
        both = sum(own.seconds + to.seconds for own, to in pairs) / len(pairs)
        hours = None if seeds is None or seeds > MOST else seeds * both / 3600
        few = None if hours is None else seeds
        powers[variant] = Power(statistics.smallest_detectable(gaps), few, hours)
    return powers


def hopeless(verdict: Verdict, run: Run, max_seeds: int) -> bool:
    """Whether so many seeds are not likely to decide an undecided claim."""
    return False
