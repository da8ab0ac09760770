"""Test accuracy that is not above chance."""

from __future__ import annotations

import math

import numpy as np
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

from reports.audit.check import LEVEL, Check, percent, tested
from reports.audit.trial_files import Array, TrialFiles
from runs.artifacts import Absent

NAMED = 10  # classes from which on names dealt at random are tested: fewer have too few namings
DEVIATIONS = 2.33  # from their mean that a naming must lie above; LEVEL of a normal distribution


def says(files: TrialFiles) -> str | None:
    """How it compares: by a binomial test, or with names of classes dealt at random."""
    (share, images), accuracy = files.chance, files.accuracy
    right = round(accuracy * images)
    p = float(scipy.stats.binomtest(right, images, share, alternative="greater").pvalue)
    if p > LEVEL:
        return (
            f"Test accuracy is {percent(accuracy)} of {images:,} images, not significantly above "
            f"the {percent(share)} of always naming the largest class (binomial, p = {p:.2g})."
        )
    try:
        return _names_by_luck(files.table)
    except Absent:  # a kept trial may have no more than its accuracy
        return None


def _names_by_luck(table: Array) -> str | None:
    """Whether as many would be right had the predicted classes exchanged their names at random.

    A machine trained on shuffled labels finds groups and names them by luck, which a binomial test
    of single images takes for knowledge. Exact mean and variance of the trace over all namings
    (Hoeffding, Annals of Mathematical Statistics 22, 558, 1951). A perfect table lies C - 1
    deviations above the mean, one with a single class sqrt(C - 1).
    """
    if not NAMED <= len(table) == table.shape[1]:
        return None
    centered = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    deviation = math.sqrt(np.square(centered).sum() / (len(table) - 1))
    if np.trace(centered) > DEVIATIONS * deviation:
        return None
    images = int(table.sum())
    right, mean, sd = np.trace(table) / images, 1 / len(table), deviation / images
    return (
        f"Test accuracy is {percent(right)} of {images:,} images, and the same predictions with "
        f"class names dealt at random would have {100 * mean:.1f} ± {100 * sd:.1f} %."
    )


CHECK = Check("chance", tested, says, looks_for="accuracy at chance")
