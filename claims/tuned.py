"""A setting that every variant tunes on its own: which of its values is a variant's own."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from runs.variants import Variant, label

SIGN = {"max": 1, "min": -1}


def rivals(variants: Sequence[Variant], setting: str) -> list[list[Variant]]:
    """Variants that differ in nothing but the tuned setting, in groups."""
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        others = {name: value for name, value in variant.settings.items() if name != setting}
        groups.setdefault(json.dumps(others, sort_keys=True), []).append(variant)
    return list(groups.values())


def own_variants(
    variants: Sequence[Variant], setting: str, metric: str, mode: str
) -> list[Variant]:
    """The variants at their own value of `setting`: the best mean over seeds, the first of equals.

    A value with fewer finished seeds than another of the same variant is not its own, whatever the
    seeds that ended well had: the others may have diverged. Variants without the metric are left
    out.

    mode: "max" or "min", what is best.
    """
    own = []
    for same in rivals(variants, setting):
        ranks = [(_rank(variant, metric, mode), variant) for variant in same]
        measured = [(rank, variant) for rank, variant in ranks if not math.isnan(rank[1])]
        if measured:
            own.append(max(measured, key=lambda one: one[0])[1])
    return own


def _rank(variant: Variant, metric: str, mode: str) -> tuple[int, float]:
    values = variant.values_of(metric)
    mean = SIGN[mode] * sum(values) / len(values) if values else math.nan
    return len(values), mean


def at_an_end(variants: Sequence[Variant], own: Sequence[Variant], setting: str) -> list[str]:
    """A sentence for each variant whose own value is the smallest or largest that was tried."""
    sentences = []
    for same in rivals(variants, setting):
        tried = {one.settings[setting] for one in same if setting in one.settings}
        if len(tried) < 2 or not all(isinstance(value, int | float) for value in tried):
            continue
        for variant in own:
            if variant not in same:
                continue
            value = variant.settings[setting]
            for end, word, more in ((min, "smallest", "smaller"), (max, "largest", "larger")):
                if value == end(tried):
                    names = next(iter(variant.sweeps.values()))
                    name = label(variant.settings, [n for n in names if n != setting])
                    sentences.append(
                        f"{name or variant.name}: its own {setting}, {value:g}, is the {word} that "
                        f"was tried; a {more} one may be better."
                    )
    return sentences
