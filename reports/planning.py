"""What a comparison could have shown, and what it would cost to show a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports import statistics
from reports.comparisons import METRIC, Comparison
from reports.run import Trial

POINT = 0.01
MOST = 1_000  # seeds; beyond that nobody waits


@dataclass(frozen=True)
class Plan:
    """detectable: the true difference, in 0..1, that these seeds find 4 times in 5.  seeds: that
    find one of a point, None for more than 1,000.  hours: of one trial after the other, for these
    seeds of both variants."""

    detectable: float
    seeds: int | None
    hours: float | None


def plans(variants: Mapping[str, Sequence[Trial]], found: Comparison) -> dict[str, Plan]:
    """A plan for every difference over seeds. Its test stands alone: no other is corrected for."""
    base = {trial.seed: trial for trial in variants[found.baseline]}
    planned = {}
    for name, difference in found.differences.items():
        if difference.basis != "t over seeds":
            continue
        pairs = [(t, base[t.seed]) for t in variants[name] if t.seed in base]
        gaps = [own.metrics[METRIC] - to.metrics[METRIC] for own, to in pairs]
        spread = float(np.std(gaps, ddof=1))
        seeds = statistics.seeds_needed(spread, POINT) if spread < MOST * POINT / 20 else None
        both = sum(own.seconds + to.seconds for own, to in pairs) / len(pairs)
        hours = None if seeds is None or seeds > MOST else seeds * both / 3600
        few = None if hours is None else seeds
        planned[name] = Plan(statistics.smallest_detectable(gaps), few, hours)
    return planned
