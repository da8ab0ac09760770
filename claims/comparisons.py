"""Every variant of a run against its baseline: effect, interval, and whether it is one.

Over seeds where there are several; of one seed, over test images, which is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claims import statistics
from claims.same_images import right_of_both
from claims.statistics import CONFIDENCE, Difference
from claims.units import unit_of
from runs.record import TrialRecord
from runs.variants import Variant

METRIC = "test/accuracy"


@dataclass(frozen=True)
class Comparison:
    """The differences of variants to the baseline in a metric, and why others have none."""

    metric: str
    baseline: Variant
    differences: Mapping[Variant, Difference]
    left_out: Mapping[Variant, str]


def compare(
    variants: Sequence[Variant], baseline: Mapping[str, Any] | None, metric: str = METRIC
) -> Comparison | None:
    """A metric of each other variant minus that of the baseline, in the metric's unit.

    All intervals hold together with a confidence of 95 %, and p-values are adjusted for it
    (`statistics.simultaneous`; of one seed, Bonferroni's for the intervals and Holm's). Accuracies
    of one seed are compared by predictions.npz in the trials' folders.

    variants: those with finished trials.
    baseline: settings of the one variant that others are compared with, {} for the first.

    Returns None without a baseline, and where none or several variants have it.
    """
    if baseline is None or not variants:
        return None
    named = [variant for variant in variants if variant.has(baseline)] if baseline else variants[:1]
    if len(named) != 1:
        return None
    base = _by_seed(named[0], metric)
    if not base:
        return None
    others, left_out = dict[Variant, Trials](), dict[Variant, str]()
    for variant in variants:
        own = _by_seed(variant, metric)
        if variant is named[0]:
            continue
        if not set(base) <= set(own):
            left_out[variant] = "lacks a seed that the baseline has"
        else:
            others[variant] = [own[seed] for seed in base]
    if len(base) > 1:
        differences = _over_seeds([*base.values()], others, left_out, metric)
    elif metric == METRIC:
        differences = _over_images([*base.values()], others, left_out)
    else:
        differences = {}
        left_out |= dict.fromkeys(others, "has one seed, no spread to judge by")
    return Comparison(metric, named[0], differences, left_out)


Trials = Sequence[TrialRecord]


def _by_seed(variant: Variant, metric: str) -> dict[int, TrialRecord]:
    return {t.seed: t for t in variant.finished if metric in t.metrics}


def _over_seeds(
    base: Trials,
    others: Mapping[Variant, Trials],
    left_out: dict[Variant, str],
    metric: str,
) -> dict[Variant, Difference]:
    rows = {}
    for variant, trials in others.items():
        pairs = zip(trials, base, strict=True)
        rows[variant] = [own.metrics[metric] - to.metrics[metric] for own, to in pairs]
        # Of few seeds on few images all can differ by the same number of them: no sign of a
        # difference without any spread.
        if np.ptp(rows[variant]) < 1e-12:
            gap = unit_of(metric).gap(rows.pop(variant)[0])
            left_out[variant] = f"differs by the same {gap} in all seeds"
    if not rows:
        return {}
    return dict(zip(rows, statistics.simultaneous([*rows.values()], CONFIDENCE), strict=True))


def _over_images(
    base: Trials, others: Mapping[Variant, Trials], left_out: dict[Variant, str]
) -> dict[Variant, Difference]:
    pairs = {}
    for variant, trials in others.items():
        right = right_of_both(trials[0], base[0])
        if right is None:
            left_out[variant] = "has no predictions of the baseline's test images"
        else:
            pairs[variant] = right
    if not pairs:
        return {}
    each = 1 - (1 - CONFIDENCE) / len(pairs)
    differences = {n: statistics.bootstrap_difference(*right, each) for n, right in pairs.items()}
    adjusted = statistics.holm([difference.p for difference in differences.values()])
    return {
        variant: replace(difference, p=float(p), confidence=CONFIDENCE)
        for (variant, difference), p in zip(differences.items(), adjusted, strict=True)
    }
