"""A setting that every variant tunes on its own: which of its values is a variant's own."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from reports.run import Trial

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


def own_variants(
    variants: Mapping[str, Sequence[Trial]], setting: str, metric: str, mode: str
) -> list[str]:
    """The variants of a run at their own value of `setting`: that with the best `metric`."""
    found = [
        (without(setting, variant), variant, [t.metrics[metric] for t in trials])
        for variant, trials in variants.items()
    ]
    return list(own_values(found, mode).values())


def at_an_end(trials: Sequence[Trial], own: Sequence[str], setting: str) -> list[str]:
    """A sentence for each variant whose own value is the smallest or largest that was tried."""
    tried: dict[str, set[Any]] = {}
    values = {t.variant: t.settings[setting] for t in trials if setting in t.settings}
    for variant, value in values.items():
        tried.setdefault(without(setting, variant), set()).add(value)
    found = []
    for variant in own:
        name, value = without(setting, variant), values.get(variant)
        some = tried.get(name, set())
        if len(some) < 2 or not all(isinstance(one, int | float) for one in some):
            continue
        for end, word, more in ((min, "smallest", "smaller"), (max, "largest", "larger")):
            if value == end(some):
                found.append(
                    f"{name or variant}: its own {setting}, {value:g}, is the {word} that was "
                    f"tried; a {more} one may be better."
                )
    return found


def without(setting: str, variant: str) -> str:
    """A variant's name without a setting: "optimizer=adam lr=0.1" is "optimizer=adam"."""
    return " ".join(part for part in variant.split(" ") if not part.startswith(f"{setting}="))
