"""Comparisons of all variants with the baseline, which hold together."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.error_rates.runs import Floats, run_of_networks, run_of_values
from benchmarks.error_rates.table import FEW, Rng, Row, Table
from benchmarks.error_rates.verdicts import SEED_SD, TINY
from claims.comparisons import compare
from claims.statistics.interval import Difference
from runs.run import Run

SOME = 0.01  # an sd that keeps accuracies far from 0 and 1


def differences(run: Run) -> list[Difference]:
    """Of all variants to the baseline; [] where none can be had."""
    found = compare(run, run.variants)
    return [] if found is None else list(found.differences.values())


def values(rng: Rng, variants: int, seeds: int, noisy: int | None = None) -> Floats:
    """Equal accuracies but for noise, of which a variant has three times as much, (V, S)."""
    noise = rng.standard_normal((variants, seeds))
    if noisy is not None:
        noise[noisy] *= 3.0
    accuracies: Floats = 0.5 + SOME * noise
    return accuracies


def any_differs(rng: Rng, seeds: int, variants: int, noisy: int | None = None) -> bool:
    """One of several variants that are equal is said to differ from the baseline, the first."""
    run = run_of_values(values(rng, variants, seeds, noisy))
    return any(one.excludes_zero for one in differences(run))


def any_network_differs(rng: Rng, seeds: int, variants: int) -> bool:
    """The same of networks on the same test images."""
    right = TINY.right(rng, SEED_SD * rng.standard_normal((variants, seeds)))
    return any(one.excludes_zero for one in differences(run_of_networks(right)))


def width(rng: Rng, seeds: int) -> float:
    """Of the intervals of 8 comparisons, in standard deviations of one value."""
    found = differences(run_of_values(values(rng, 9, seeds)))
    return float(np.median([one.high - one.low for one in found])) / SOME


TABLE = Table(
    "Comparisons with the baseline: any of them false (one look, 96 %)",
    "% of studies; width in sd",
    (
        Row("2 comparisons, seeds only", partial(any_differs, variants=3), 5),
        Row("8 comparisons, seeds only", partial(any_differs, variants=9), 5),
        Row(
            "3 comparisons, 2,500 images", partial(any_network_differs, variants=4), 5,
            seeds=(2, 3, 5),
        ),
        Row(
            "3 comparisons, one variant's sd is tripled",
            partial(any_differs, variants=4, noisy=1), 5, seeds=(3, 5),
        ),
        Row(
            "3 comparisons, the baseline's sd is tripled",
            partial(any_differs, variants=4, noisy=0), 5, seeds=(3, 5),
        ),
        Row("8 comparisons: median width of an interval", width, 6, seeds=FEW, told="median"),
    ),
)  # fmt: skip
