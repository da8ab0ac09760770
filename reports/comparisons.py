"""Every variant of a run against its baseline: effect, interval, and whether it is one.

Over seeds where there are several; of one seed, over test images, which is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reports import statistics
from reports.run import Trial
from reports.statistics import Difference

METRIC = "test/accuracy"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """The differences of variants to the baseline, and why others have none."""

    baseline: str
    differences: Mapping[str, Difference]
    left_out: Mapping[str, str]


def compare(
    variants: Mapping[str, Sequence[Trial]], baseline: Mapping[str, Any]
) -> Comparison | None:
    """Test accuracy of each other variant minus that of the baseline, in 0..1.

    variants: finished trials, by variant. baseline: settings of the one variant that others are
    compared with; None where none or several have them. One seed is compared by predictions.npz in
    the trials' folders.

    All intervals hold together with a confidence of 95 %, and p-values are adjusted for it
    (`statistics.simultaneous`; of one seed, Bonferroni's for the intervals and Holm's).
    """
    named = [name for name, trials in variants.items() if trials[0].has(baseline)]
    if not baseline or len(named) != 1:
        return None
    base = {t.seed: t for t in variants[named[0]] if METRIC in t.metrics}
    if not base:
        return None
    others, left_out = {}, {}
    for name, trials in variants.items():
        own = {t.seed: t for t in trials if METRIC in t.metrics}
        if name == named[0]:
            continue
        if not set(base) <= set(own):
            left_out[name] = "lacks a seed that the baseline has"
        else:
            others[name] = [own[seed] for seed in base]
    if len(base) > 1:
        found = _over_seeds(list(base.values()), others, left_out)
    else:
        found = _over_images(list(base.values()), others, left_out)
    return Comparison(named[0], found, left_out)


Trials = Sequence[Trial]


def _over_seeds(
    base: Trials, others: Mapping[str, Trials], left_out: dict[str, str]
) -> dict[str, Difference]:
    rows = {}
    for name, trials in others.items():
        pairs = zip(trials, base, strict=True)
        rows[name] = [own.metrics[METRIC] - to.metrics[METRIC] for own, to in pairs]
        # Of few seeds on few images all can differ by the same number of them: no sign of a
        # difference without any spread.
        if np.ptp(rows[name]) < 1e-12:
            left_out[name] = f"differs by the same {100 * rows.pop(name)[0]:+.1f} in all seeds"
    if not rows:
        return {}
    return dict(zip(rows, statistics.simultaneous([*rows.values()], CONFIDENCE), strict=True))


def _over_images(
    base: Trials, others: Mapping[str, Trials], left_out: dict[str, str]
) -> dict[str, Difference]:
    to = predicted(base[0]) if base else None
    pairs = {}
    for name, trials in others.items():
        own = predicted(trials[0])
        if own is None or to is None or not np.array_equal(own[0], to[0]):
            left_out[name] = "has no predictions of the baseline's test images"
        else:
            pairs[name] = (own[1] == own[0], to[1] == to[0])
    if not pairs:
        return {}
    each = 1 - (1 - CONFIDENCE) / len(pairs)
    found = {n: statistics.bootstrap_difference(*right, each) for n, right in pairs.items()}
    adjusted = statistics.holm([difference.p for difference in found.values()])
    return {
        name: replace(difference, p=float(p), confidence=CONFIDENCE)
        for (name, difference), p in zip(found.items(), adjusted, strict=True)
    }


def predicted(trial: Trial) -> tuple[Any, Any] | None:
    """(labels, predictions of the last epoch), both (N,); None without them."""
    file = trial.folder / "predictions.npz"
    if not file.exists():
        return None
    with np.load(file) as kept:
        return kept["label"], kept["prediction"]


def points(difference: Difference) -> tuple[str, str, str]:
    """Effect, interval and p as text, accuracies in percentage points: "+1.2", "-0.3 to +2.7"."""
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    ends = f"{_end(difference.low)} to {_end(difference.high)}"
    return f"{100 * difference.estimate:+.1f}", ends, p


def _end(value: float) -> str:
    if 0 < abs(value) < 1e-9:  # the float next to 0: the interval ends there without it
        return "above 0" if value > 0 else "below 0"
    return f"{100 * value:+.1f}"
