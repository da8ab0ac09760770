"""The settings that variants are tuned over: quasi-random, the same for all, listed beforehand.

A Halton sequence covers a range more evenly than random numbers do, and goes on where it stopped
(Halton, Numerische Mathematik 2, 84, 1960; scrambled as Owen, arXiv 1706.02808). Bousquet et al.
(arXiv 1706.03200) recommend such sequences for tuning in place of random search.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from runs.ranges import Range

SEARCH_SEED = (
    10_000  # what is added to a block's seed for the trials that are only to find settings
)


def shares(study: str, block: int, names: Sequence[str], count: int) -> list[dict[str, float]]:
    """A point in [0, 1) for each name, of so many draws; the first ones whatever their number.

    study, block: decide the scramble.
    names: one coordinate each, in this order.
    """
    from scipy.stats import qmc

    scramble = int.from_bytes(hashlib.sha256(f"{study}/{block}".encode()).digest()[:8], "big")
    points = qmc.Halton(len(names), scramble=True, rng=scramble).random(count)
    return [dict(zip(names, map(float, point), strict=True)) for point in points]


def values(draw: Mapping[str, float], ranges: Mapping[str, Range]) -> dict[str, Any]:
    """What a draw is in these ranges."""
    return {name: one.at(draw[name]) for name, one in ranges.items()}
