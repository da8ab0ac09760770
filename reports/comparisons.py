"""Every variant of a run against its baseline: effect, interval, and whether it is one.

Over seeds where there are several; of one seed, over test images, which is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reports import statistics
from reports.statistics import Difference

METRIC = "test/accuracy"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Outcome:
    """What a finished trial came to: its seed, its metrics, and where its predictions lie."""

    seed: int
    metrics: Mapping[str, float]
    folder: Path


def baseline_of(
    variants: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any]
) -> str | None:
    """The one variant whose settings are those that `baseline` names; None for none or several."""
    found = [
        name
        for name, settings in variants.items()
        if all(settings.get(setting) == value for setting, value in baseline.items())
    ]
    return found[0] if baseline and len(found) == 1 else None


def to_baseline(variants: Mapping[str, Sequence[Outcome]], baseline: str) -> dict[str, Difference]:
    """Test accuracy of each other variant minus that of the baseline, in 0..1.

    All intervals hold together with a confidence of 95 %, and p-values are adjusted for it
    (`statistics.simultaneous`; of one seed, Bonferroni's for the intervals and Holm's). Left out
    are variants that lack a seed of the baseline or did not report the metric.
    """
    base = {outcome.seed: outcome for outcome in variants[baseline]}
    seeds = sorted(base)
    others = {}
    for name, outcomes in variants.items():
        own = {outcome.seed: outcome for outcome in outcomes if METRIC in outcome.metrics}
        if name != baseline and set(seeds) <= set(own):
            others[name] = [own[seed] for seed in seeds]
    if not others or any(METRIC not in outcome.metrics for outcome in base.values()):
        return {}
    if len(seeds) > 1:
        rows = [
            [o.metrics[METRIC] - base[o.seed].metrics[METRIC] for o in outcomes]
            for outcomes in others.values()
        ]
        return dict(zip(others, statistics.simultaneous(rows, CONFIDENCE), strict=True))
    return _over_images(base[seeds[0]], {name: of[0] for name, of in others.items()})


def _over_images(base: Outcome, others: Mapping[str, Outcome]) -> dict[str, Difference]:
    right = _right(base)
    pairs = {name: _right(outcome) for name, outcome in others.items()}
    pairs = {n: found for n, found in pairs.items() if found is not None}
    if right is None or not pairs:
        return {}
    each = 1 - (1 - CONFIDENCE) / len(pairs)
    found = {name: statistics.bootstrap_difference(own, right, each) for name, own in pairs.items()}
    adjusted = statistics.holm([difference.p for difference in found.values()])
    return {
        name: replace(difference, p=float(p), confidence=CONFIDENCE)
        for (name, difference), p in zip(found.items(), adjusted, strict=True)
    }


def _right(outcome: Outcome) -> Any:
    """(N,) bool: which test images the last epoch has right; None without predictions."""
    file = outcome.folder / "predictions.npz"
    if not file.exists():
        return None
    with np.load(file) as kept:
        return kept["prediction"] == kept["label"]


def points(difference: Difference) -> tuple[str, str, str]:
    """Effect, interval and p as text, accuracies in percentage points: "+1.2", "-0.3 to +2.7"."""
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    ends = f"{_end(difference.low)} to {_end(difference.high)}"
    return f"{100 * difference.estimate:+.1f}", ends, p


def _end(value: float) -> str:
    if 0 < abs(value) < 1e-9:  # the float next to 0: the interval ends there without it
        return "above 0" if value > 0 else "below 0"
    return f"{100 * value:+.1f}"
