"""Ray Tune's distributions as ranges, read off without importing Ray."""

from __future__ import annotations

import math
from typing import Any

from runs.errors import UsageError
from runs.ranges import Range


def is_distribution(value: Any) -> bool:
    """Whether it is one: `tune.loguniform(1e-4, 1)`, or a range that was read off one."""
    if isinstance(value, Range):
        return True
    return hasattr(value, "sample") and hasattr(value, "get_sampler")


def range_of(value: Any, who: str) -> Range:
    """What it draws from.

    who: says so, for a sentence: "Study mine tunes lr".

    Raises UsageError, one sentence, if it is empty or of a kind that has no ends.
    """
    if not is_distribution(value):
        raise UsageError(
            f"{who} from {value!r}, which is no distribution, as tune.loguniform(1e-4, 1) is."
        )
    if isinstance(value, Range):
        return value
    categories = getattr(value, "categories", None)
    if categories is not None:
        if len(set(map(repr, categories))) < 2:
            raise UsageError(f"{who} from {list(categories)}, which leaves nothing to choose.")
        return Range(choices=tuple(categories))
    sampler, step = value.get_sampler(), None
    if hasattr(sampler, "q"):
        sampler, step = sampler.sampler, float(sampler.q)
    kind = type(sampler).__name__
    low, high = getattr(value, "lower", None), getattr(value, "upper", None)
    if kind not in ("_Uniform", "_LogUniform") or low is None or high is None:
        raise UsageError(
            f"{who} from a distribution without two ends; take uniform, loguniform, randint, "
            "choice, or one with steps of these."
        )
    whole = type(value).__name__ == "Integer"
    log = kind == "_LogUniform"
    if whole and step is None:
        high -= 1  # Tune leaves the upper end of integers out, unless they have steps
    if not math.isfinite(low) or not math.isfinite(high) or low >= high:
        raise UsageError(f"{who} from {low:g} to {high:g}, which is no range.")
    if log and low <= 0:
        raise UsageError(f"{who} on a logarithmic scale from {low:g}, which has no logarithm.")
    return Range(
        low=low, high=high, log=log, step=None if step == 1 and whole else step, whole=whole
    )
