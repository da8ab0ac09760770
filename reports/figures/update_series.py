"""Numbers of sampled updates as they are drawn: of the whole network, of a bin, of an epoch.

S is the number of samples and L that of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.sampled_steps import noise_scale
from runs.artifacts import Updates

Floats = NDArray[np.float64]

BINS = 30  # of the steps
LEAST = 10  # samples in a bin, where there are enough: fewer are joined with the next ones


def whole_network(updates: Updates) -> dict[str, Floats]:
    """Label to a number a sample (S,)."""
    gradient, update, weight = (
        np.sqrt(np.square(norms, dtype=np.float64).sum(1))
        for norms in (updates.gradient_norm, updates.update_norm, updates.weight_norm)
    )
    return {
        "gradient norm": gradient,
        "update norm": update,
        "update norm / weight norm": ratio(update, weight),
        "cosine of successive gradients": updates.gradient_cosine.astype(np.float64),
        "cosine of successive updates": updates.update_cosine.astype(np.float64),
    }


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """part / whole (S,), NaN where the whole is 0."""
    return np.where(whole > 0, part, np.nan) / np.where(whole > 0, whole, 1.0)


def bin_edges(updates: Sequence[Updates], log: bool) -> Floats:
    """(BINS + 1,) steps that cut all variants into bins which are equally wide on the axis.

    On a logarithmic axis a window of a number of samples would hide the start and leave the end,
    where most samples lie, as ragged as they are.
    """
    first = float(min(u.step[0] for u in updates))
    last = float(max(u.step[-1] for u in updates))
    edges: Floats = (np.geomspace if log else np.linspace)(first, last, BINS + 1)
    return edges


def quartiles(
    step: NDArray[np.int64], values: NDArray[Any], edges: Floats, least: int = LEAST
) -> tuple[Floats, Floats]:
    """(step (B,), quartiles (3, B)) of the finite values of bins; step: the median in each.

    A bin has at least `least` samples; of a short training, what its share would be.
    """
    there = np.isfinite(values)
    step, values = step[there], values[there]
    least, cuts = min(least, -(-len(step) // BINS)), [0]
    for at in np.flatnonzero(np.diff(np.digitize(step, edges[1:-1]))) + 1:
        if min(at - cuts[-1], len(step) - at) >= least:
            cuts.append(int(at))
    bins = [part for part in np.split(np.arange(len(step)), cuts) if len(part)]
    x = np.array([np.median(step[part]) for part in bins], dtype=np.float64)
    middles = [np.percentile(values[part], (25, 50, 75)) for part in bins]
    return x, np.array(middles, dtype=np.float64).reshape(-1, 3).T


def epoch_noise_scales(updates: Updates) -> tuple[Floats, Floats]:
    """(last step (E,), gradient noise scale in images (E,)) of each epoch, NaN where undefined.

    Where there are many, epochs of fewer than LEAST samples are joined with the next ones.
    """
    steps, scales = [], []
    epochs, counts = np.unique(updates.epoch, return_counts=True)
    first, least = 0, min(LEAST, -(-len(updates.epoch) // BINS))
    for at in range(len(epochs)):
        if counts[first : at + 1].sum() < least and at + 1 < len(epochs):
            continue
        inside = np.isin(updates.epoch, epochs[first : at + 1])
        first = at + 1
        noise, signal = updates.noise[inside], updates.signal[inside]
        there = np.isfinite(noise) & np.isfinite(signal)
        steps.append(updates.step[inside].max())
        scales.append(noise_scale(noise[there], signal[there]))
    return np.array(steps, np.float64), np.array(scales, np.float64)  # None becomes NaN
