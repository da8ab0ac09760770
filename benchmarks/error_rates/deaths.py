"""Verdicts on networks of which some seeds diverge."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.error_rates.runs import SWEEP, run_of_networks
from benchmarks.error_rates.table import Rng, Row, Table
from benchmarks.error_rates.verdicts import FIRST, SECOND, SEED_SD, TINY, verdict
from claims import beats
from claims.verdicts import Verdict

RATE = 0.3
BETTER = 0.05  # points, the first where it is better
BEATS = beats(SWEEP, FIRST, SECOND)


def beaten(
    rng: Rng, seeds: int, more: float, first_dies: bool, second_dies: bool
) -> tuple[Verdict, int]:
    """Whether the first of two variants beats the other, and how many of its seeds died.

    more: the accuracy that the first has more, of those that train.
    """
    shifts = SEED_SD * rng.standard_normal((2, seeds))
    shifts[0] += more
    dies = rng.random((2, seeds)) < RATE * np.array([[first_dies], [second_dies]])
    run = run_of_networks(TINY.right(rng, shifts), dies)
    return verdict(BEATS, run), int(dies[0].sum())


def supported(rng: Rng, seeds: int, more: float, first_dies: bool, second_dies: bool) -> bool:
    """It is said to."""
    said, _ = beaten(rng, seeds, more, first_dies, second_dies)
    return said.status == "supported"


def supported_with_deaths(rng: Rng, seeds: int) -> bool:
    """It is said to although a seed of it died, and it is better where it trains."""
    said, died = beaten(rng, seeds, BETTER, True, False)
    return said.status == "supported" and died > 0


def unlike(rng: Rng, seeds: int) -> bool:
    """It is said to, or not to, where both are equal and die alike."""
    said, _ = beaten(rng, seeds, 0.0, True, True)
    return said.status in ("supported", "refuted")


TABLE = Table(
    "Seeds that diverge: 30 % of them (2,500 images, accuracy 0.4, intervals of 96 %)",
    "% of studies",
    (
        Row('"beats" decided, of two that are equal, both with deaths', unlike, 5),
        Row(
            '"beats" supported, of two that are equal where both train; the other alone dies',
            partial(supported, more=0.0, first_dies=False, second_dies=True), 5,
        ),
        Row(
            '"beats" supported although a seed of the better one died',
            supported_with_deaths, 0,
        ),
        Row(
            '"beats" by 5 points supported, the better one with deaths: only where none was seen',
            partial(supported, more=BETTER, first_dies=True, second_dies=False),
        ),
        Row(
            "the same, the worse one with deaths",
            partial(supported, more=BETTER, first_dies=False, second_dies=True),
        ),
    ),
)  # fmt: skip
