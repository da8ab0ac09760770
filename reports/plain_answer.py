"""What came out in plain words, for a study that has none of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claims.comparisons import Comparison
from claims.tuned import SIGN
from claims.units import unit_of, words_of
from reports import differences
from reports.differences import amounts, level
from runs.run import Run
from runs.variants import Variant

NAMED = 20  # variants that are named in a sentence


def _some(named: Sequence[str]) -> str:
    """Names in their order, and how many more there are: a table has them all."""
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def plain_answer(run: Run, compared: Comparison | None, shown: Sequence[Variant]) -> str:
    """One paragraph from the differences; "" where there are not two variants to compare.

    compared: the run's differences.
    shown: the variants at their own values of what they tune.
    """
    if compared is None:
        return ""
    metric, mode = compared.metric, run.study.mode
    unit, better = unit_of(metric), "higher" if mode == "max" else "lower"
    means = {variant: variant.values_of(metric) for variant in shown}
    means = {variant: values for variant, values in means.items() if values}
    if len(means) < 2:
        return ""
    best = max(means, key=lambda variant: SIGN[mode] * float(np.mean(means[variant])))
    base = compared.baseline
    by = f"By {words_of(metric)} ({better} is better)"
    with_base = f"{base.name}, with which all are compared,"
    highest, own = (unit.value(float(np.mean(means[one]))) for one in (best, base))
    told = [f"{by} {best.name} came out best, with {highest}; {with_base} has {own}."]
    if best is base:
        told = [f"{by} {with_base} came out best, with {own}."]
    for side, sign in (("better", SIGN[mode]), ("worse", -SIGN[mode])):
        named = [
            f"{variant.name} ({' '.join(filter(None, (gap, unit.word)))}, {interval})"
            for variant, d in compared.differences.items()
            if d.excludes_zero and not differences.one_seed(d) and sign * d.estimate > 0
            for gap, interval, _ in [differences.told(d, unit)]
        ]
        if named:
            told.append(f"Clearly {side} than {base.name}: {_some(named)}.")
    alike = [
        variant.name
        for variant, d in compared.differences.items()
        if not d.excludes_zero or differences.one_seed(d)
    ]
    if alike:
        told.append(f"Not to be told from {base.name} by this run: {_some(alike)}.")
    if compared.differences:
        every = compared.differences.values()
        told.append(f"Intervals are {level(every)} and hold together, over {amounts(every)}.")
    elif compared.left_out:
        why = dict.fromkeys(compared.left_out.values())
        told.append(f"No difference is told: {', '.join(why)}.")
    return " ".join(told)
