"""Metrics of an embedding space, in Euclidean or in cosine geometry.

In cosine geometry every point is first divided by its length, so that the angle between two alone
decides: neighbours by falling cosine similarity are those by rising distance on the unit sphere.
A loss that works on the sphere is judged for what it does there, and lengths, which it leaves free,
have no part in it; a loss that shrinks or stretches embeddings shows in the Euclidean geometry. A
point of length zero has no angle and stays where it is, at distance 1 from the whole sphere.

Neighbours are ranked by exact float64 distances; equal distances are ordered by index, the lower
first. Distances are computed for a chunk of queries at a time, so memory grows with the number
of references only.
"""

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from metrics._checks import as_labels, as_matrix, require_samples

_CHUNK = 256
Geometry = Literal["euclidean", "cosine"]


def _embeddings_and_labels(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, geometry: Geometry, prefix: str = ""
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    classes = as_labels(labels, f"{prefix}labels")
    require_samples(classes.size)
    points = as_matrix(embeddings, f"{prefix}embeddings", classes.size)
    if not np.isfinite(points).all():
        raise ValueError(f"{prefix}embeddings must be finite.")
    if geometry not in get_args(Geometry):
        known = " or ".join(get_args(Geometry))
        raise ValueError(f"geometry must be {known}, got {geometry!r}.")
    return points if geometry == "euclidean" else _on_the_sphere(points), classes


def _on_the_sphere(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # By the largest number first: a square may leave the range of floats.
    largest = np.abs(points).max(axis=1, keepdims=True)
    scaled = points / np.where(largest > 0, largest, 1.0)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    on_it: npt.NDArray[np.float64] = scaled / np.where(lengths > 0, lengths, 1.0)
    return on_it


def _nearest(
    points: npt.NDArray[np.float64],
    queries: npt.NDArray[np.float64],
    ks: npt.NDArray[np.int64],
    own: npt.NDArray[np.int64] | None = None,
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield for each query the indices of its ks[i] nearest points, nearest first.

    A matrix product proposes all points that its rounding error could place among the nearest;
    these are then ranked by their exact differences, which keeps ties between duplicates exact.

    own: the index of every query among the points, which is left out; None leaves none out.
    """
    point_norms = np.sum(points * points, axis=1)
    query_norms = np.sum(queries * queries, axis=1)
    unit = 4.0 * (points.shape[1] + 4) * float(np.finfo(np.float64).eps)
    slack = unit * (query_norms + point_norms.max())
    for start in range(0, len(queries), _CHUNK):
        chunk = queries[start : start + _CHUNK]
        rough = point_norms[None, :] - 2.0 * (chunk @ points.T)
        rough += query_norms[start : start + _CHUNK, None]
        if own is not None:
            rough[np.arange(len(chunk)), own[start : start + _CHUNK]] = np.inf
        for offset, row in enumerate(rough):
            k = int(ks[start + offset])
            bound = np.partition(row, k - 1)[k - 1] + slack[start + offset]
            candidates = np.flatnonzero(row <= bound)
            difference = points[candidates] - chunk[offset]
            exact = np.sum(difference * difference, axis=1)
            yield candidates[np.argsort(exact, kind="stable")[:k]].astype(np.int64)


def _others_in_class(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return (counts[inverse] - 1).astype(np.int64)


def recall_at_1(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, geometry: Geometry = "euclidean"
) -> float:
    """Fraction of samples whose nearest other sample shares their class, in [0, 1].

    Leave-one-out: each sample queries all others. Samples without another member of their class are
    no queries but stay references; NaN when that leaves no query. A single class of two or more
    samples gives 1.0. Recall@K as in Jegou et al., "Product Quantization for Nearest Neighbor
    Search", TPAMI 2011, at K = 1.

    embeddings: finite (N, D).
    labels: integers (N,).
    geometry: "euclidean" or "cosine".

    Raises ValueError if there is no sample, or shapes or values are others.
    """
    points, classes = _embeddings_and_labels(embeddings, labels, geometry)
    own = np.flatnonzero(_others_in_class(classes) > 0).astype(np.int64)
    if own.size == 0:
        return float("nan")
    ranked = _nearest(points, points[own], np.ones(own.size, dtype=np.int64), own)
    hits = sum(int(classes[i] == classes[near[0]]) for i, near in zip(own, ranked, strict=True))
    return hits / int(own.size)


def mean_average_precision_at_r(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, geometry: Geometry = "euclidean"
) -> float:
    """MAP@R, in [0, 1].

    Leave-one-out: with R the number of other samples of the query's class, its score is the sum
    over ranks i = 1..R of the precision at i where the i-th neighbour shares the class, divided by
    R. Samples without another member of their class are no queries but stay references; NaN when
    that leaves no query. A single class of two or more samples gives 1.0. Musgrave et al., "A
    Metric Learning Reality Check", ECCV 2020.

    embeddings: finite (N, D).
    labels: integers (N,).
    geometry: "euclidean" or "cosine".

    Raises ValueError if there is no sample, or shapes or values are others.
    """
    points, classes = _embeddings_and_labels(embeddings, labels, geometry)
    others = _others_in_class(classes)
    own = np.flatnonzero(others > 0).astype(np.int64)
    if own.size == 0:
        return float("nan")
    total = 0.0
    for i, near in zip(own, _nearest(points, points[own], others[own], own), strict=True):
        relevant = (classes[near] == classes[i]).astype(np.float64)
        precision = np.cumsum(relevant) / np.arange(1, near.size + 1)
        total += float(np.sum(precision * relevant)) / near.size
    return total / int(own.size)


def knn_accuracy(
    train_embeddings: npt.ArrayLike,
    train_labels: npt.ArrayLike,
    test_embeddings: npt.ArrayLike,
    test_labels: npt.ArrayLike,
    k: int = 5,
    geometry: Geometry = "euclidean",
) -> float:
    """Accuracy, in [0, 1], of the k-nearest-neighbour rule.

    The majority among the k nearest train samples decides; among tied classes the one with the
    nearest member wins. With k > N all train samples vote. A single train class is always
    predicted. Cover and Hart, "Nearest Neighbor Pattern Classification", IEEE Trans. Inf. Theory
    1967.

    train_embeddings, test_embeddings: finite (N, D) and (M, D).
    train_labels, test_labels: integers (N,) and (M,).
    k: at least 1.
    geometry: "euclidean" or "cosine".

    Raises ValueError if there is no train or test sample, D differs, k is below 1, or the geometry
    is unknown.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}.")
    train, train_classes = _embeddings_and_labels(
        train_embeddings, train_labels, geometry, "train_"
    )
    test, test_classes = _embeddings_and_labels(test_embeddings, test_labels, geometry, "test_")
    if train.shape[1] != test.shape[1]:
        raise ValueError(
            "train_embeddings and test_embeddings must have the same number of columns, "
            f"got {train.shape[1]} and {test.shape[1]}."
        )
    ks = np.full(test.shape[0], min(k, train.shape[0]), dtype=np.int64)
    hits = 0
    for label, near in zip(test_classes, _nearest(train, test, ks), strict=True):
        names, first, votes = np.unique(train_classes[near], return_index=True, return_counts=True)
        tied = np.flatnonzero(votes == votes.max())
        hits += int(names[tied[np.argmin(first[tied])]] == label)
    return hits / int(test_classes.size)


def intra_inter_ratio(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, geometry: Geometry = "euclidean"
) -> float:
    """Mean distance to the own class mean over mean distance between class means, in [0, inf].

    The numerator averages over samples, the denominator over unordered pairs of classes; lower
    means tighter, better separated classes. In cosine geometry means and distances are those of the
    points on the sphere. A single class gives NaN. Class means that all coincide
    give infinity, or NaN when every sample lies on its mean too. The trade-off is that of Wen et
    al., "A Discriminative Feature Learning Approach for Deep Face Recognition", ECCV 2016.

    embeddings: finite (N, D).
    labels: integers (N,).
    geometry: "euclidean" or "cosine".

    Raises ValueError if there is no sample, or shapes or values are others.
    """
    points, classes = _embeddings_and_labels(embeddings, labels, geometry)
    names, inverse = np.unique(classes, return_inverse=True)
    if names.size < 2:
        return float("nan")
    # The mean of equal numbers can miss them by a rounding; from the first point on it is exact, so
    # a collapsed embedding gives NaN and not the ratio of two roundings.
    points = points - points[0]
    means = np.stack([points[inverse == c].mean(axis=0) for c in range(names.size)])
    intra = float(np.mean(np.linalg.norm(points - means[inverse], axis=1)))
    between = [np.linalg.norm(means[c + 1 :] - means[c], axis=1) for c in range(names.size - 1)]
    inter = float(np.mean(np.concatenate(between)))
    if inter == 0.0:
        return float("inf") if intra > 0.0 else float("nan")
    return intra / inter
