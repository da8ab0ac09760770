"""Embeddings that a trial left, of its first classes, and two dimensions to look at them in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runs.artifacts import Absent, Embeddings, Predictions
from runs.bundle import Readable

Floats = NDArray[np.float64]

CLASSES, IMAGES = 10, 1000  # at most: the first ones, and evenly spaced ones of them
DIMENSIONS = 50  # principal ones that t-SNE gets
PERPLEXITY = 30


@dataclass(frozen=True)
class Embedded:
    """Embeddings of the classes that are looked at.

    points: those that are finite, (N, D).
    labels: of the points, (N,).
    images: how many there were, finite or not.
    classes: the names of those that are looked at, by label.
    of: how many classes there are.
    """

    points: Floats
    labels: NDArray[np.int64]
    images: int
    classes: Mapping[int, str]
    of: int

    @property
    def spread(self) -> float:
        """Root mean square distance to the mean; 0 without a point."""
        return float(np.sqrt(self.points.var(0).sum())) if len(self.points) else 0.0

    @property
    def norm(self) -> float:
        """Root mean square distance to the origin; 0 without a point."""
        return float(np.sqrt((self.points**2).sum(1).mean())) if len(self.points) else 0.0


def read(folder: Readable) -> Embedded | None:
    """What a trial left of its first classes; None without embeddings.

    Classes have the names that its predictions have, or else their numbers.
    """
    try:
        kept = Embeddings.load(folder)
    except Absent:
        return None
    names: tuple[str, ...] = ()
    with suppress(Absent):
        names = Predictions.load(folder).classes or ()
    embeddings, labels = kept.embeddings, kept.label
    there = np.unique(labels)
    classes = {int(k): names[k] if k < len(names) else str(k) for k in there[:CLASSES]}
    shown = np.flatnonzero(np.isin(labels, list(classes)))
    if len(shown) > IMAGES:
        shown = shown[np.linspace(0, len(shown) - 1, IMAGES).astype(int)]
    points = embeddings[shown].astype(np.float64)
    finite = np.isfinite(points).all(1)
    of = max(len(names), len(there))
    return Embedded(points[finite], labels[shown][finite], len(shown), classes, of)


def principal(points: Floats) -> tuple[Floats, Floats]:
    """Scores (N, K) on the principal axes of (N, D), K >= 2, and each one's share of variance.

    Shares are in 0..1, all 0 where points are equal. Axes have the sign that makes the score
    farthest from 0 positive.
    """
    u, s, _ = np.linalg.svd(points - points.mean(0), full_matrices=False)
    scores = u * s * np.sign(u[np.abs(u).argmax(0), np.arange(len(s))])
    total = (s**2).sum()
    missing = (0, max(0, 2 - len(s)))
    shares = s**2 / total if total > 0 else np.zeros_like(s)
    return np.pad(scores, ((0, 0), missing)), np.pad(shares, missing)


def t_sne(scores: Floats) -> tuple[Floats, int]:
    """Places (N, 2) of N >= 4 points by their first 50 principal scores, and the perplexity.

    Same scores give same bytes on the same machine.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(scores) - 1) // 3)
    first = scores[:, :DIMENSIONS]
    with threadpool_limits(1):  # threads would add up in any order
        fitted = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(first)
    return np.asarray(fitted, np.float64), perplexity
