"""A setting that every variant tunes on its own: which of its values is a variant's own."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Variant = TypeVar("Variant", bound=Hashable)
Value = TypeVar("Value")


def own_values(
    found: Iterable[tuple[Variant, Value, Sequence[float]]], mode: str = "max"
) -> dict[Variant, Value]:
    """The value of each variant with the best mean over seeds, the first of equals.

    found: (variant, value, the metric of each seed), a variant being all that varies but the tuned
    setting. mode: "max" or "min", what is best. A value with fewer seeds than another of the same
    variant is not its own, whatever the seeds that ended well had: the others may have diverged. A
    variant without a metric is left out.
    """
    sign = {"max": 1, "min": -1}[mode]
    best: dict[Variant, tuple[tuple[int, float], Value]] = {}
    for variant, value, seeds in found:
        mean = sign * sum(seeds) / len(seeds) if seeds else math.nan
        rank = len(seeds), mean
        if not math.isnan(mean) and (variant not in best or rank > best[variant][0]):
            best[variant] = rank, value
    return {variant: value for variant, (_, value) in best.items()}
