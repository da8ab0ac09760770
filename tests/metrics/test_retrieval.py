"""Tests of the embedding metrics against explicit loops and independent libraries."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.neighbors import KNeighborsClassifier

from metrics import intra_inter_ratio, knn_accuracy, mean_average_precision_at_r, recall_at_1

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

cases = given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 40), classes=st.integers(1, 5))


def _sample(seed: int, n: int, classes: int, grid: bool = False) -> tuple[Floats, Ints]:
    """Random embeddings; those on a small integer grid are full of exact ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    points = rng.normal(size=(n, 4)) + labels[:, None]
    if grid:
        points = rng.integers(0, 3, (n, 2)).astype(np.float64)
    return points, labels


def _ranking(points: Floats, query: Floats, skip: int = -1) -> list[int]:
    keyed = [(float(np.sum((p - query) ** 2)), j) for j, p in enumerate(points) if j != skip]
    return [j for _, j in sorted(keyed)]


def _loop_recall_and_map(points: Floats, labels: Ints) -> tuple[float, float]:
    recalls: list[float] = []
    averages: list[float] = []
    for i in range(len(points)):
        r = sum(1 for j in range(len(points)) if j != i and labels[j] == labels[i])
        if r == 0:
            continue
        ranking = _ranking(points, points[i], skip=i)
        recalls.append(float(labels[ranking[0]] == labels[i]))
        hits, total = 0, 0.0
        for rank, j in enumerate(ranking[:r], start=1):
            if labels[j] == labels[i]:
                hits += 1
                total += hits / rank
        averages.append(total / r)
    return sum(recalls) / len(recalls), sum(averages) / len(averages)


def _loop_knn(train: Floats, labels: Ints, test: Floats, truth: Ints, k: int) -> float:
    hits = 0
    for query, true in zip(test, truth, strict=True):
        near = [int(labels[j]) for j in _ranking(train, query)[:k]]
        most = max(near.count(c) for c in near)
        hits += next(c for c in near if near.count(c) == most) == int(true)
    return hits / len(truth)


@cases
@settings(max_examples=40, deadline=None)
def test_agrees_with_loops(seed: int, n: int, classes: int) -> None:
    for grid in (False, True):
        points, labels = _sample(seed, n, classes, grid)
        recall, average = _loop_recall_and_map(points, labels)
        assert recall_at_1(points, labels) == pytest.approx(recall)
        assert mean_average_precision_at_r(points, labels) == pytest.approx(average)
        assert 0.0 <= average <= 1.0
        test, truth = _sample(seed + 1, 10, classes, grid)
        for k in (1, 2, 5, n + 3):
            expected = _loop_knn(points, labels, test, truth, k)
            assert knn_accuracy(points, labels, test, truth, k) == pytest.approx(expected)


@cases
@settings(max_examples=25, deadline=None)
def test_agrees_with_pytorch_metric_learning(seed: int, n: int, classes: int) -> None:
    points, labels = _sample(seed, n, classes)
    labels[0] = 99  # A query without another member of its class.
    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        k="max_bin_count",
        device=torch.device("cpu"),
        knn_func=CustomKNN(LpDistance(normalize_embeddings=False)),
    )
    if len(set(labels.tolist())) == n:
        return
    expected = calculator.get_accuracy(torch.from_numpy(points), torch.from_numpy(labels))
    assert recall_at_1(points, labels) == pytest.approx(expected["precision_at_1"], abs=1e-6)
    assert mean_average_precision_at_r(points, labels) == pytest.approx(
        expected["mean_average_precision_at_r"], abs=1e-6
    )


@cases
@settings(max_examples=25, deadline=None)
def test_cosine_agrees_with_pytorch_metric_learning(seed: int, n: int, classes: int) -> None:
    points, labels = _sample(seed, n, classes)
    points *= np.random.default_rng(seed).uniform(0.1, 10, (n, 1))  # lengths have no part in it
    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        k="max_bin_count",
        device=torch.device("cpu"),
        knn_func=CustomKNN(CosineSimilarity()),
    )
    if len(set(labels.tolist())) == n:
        return
    expected = calculator.get_accuracy(torch.from_numpy(points), torch.from_numpy(labels))
    assert recall_at_1(points, labels, "cosine") == pytest.approx(
        expected["precision_at_1"], abs=1e-6
    )
    assert mean_average_precision_at_r(points, labels, "cosine") == pytest.approx(
        expected["mean_average_precision_at_r"], abs=1e-6
    )


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 40))
@settings(max_examples=25, deadline=None)
def test_cosine_knn_agrees_with_sklearn(seed: int, n: int) -> None:
    train, labels = _sample(seed, n, 2)
    test, truth = _sample(seed + 1, 20, 2)
    for k in (1, 3, 5):
        oracle = KNeighborsClassifier(k, algorithm="brute", metric="cosine").fit(train, labels)
        assert knn_accuracy(train, labels, test, truth, k, "cosine") == pytest.approx(
            oracle.score(test, truth)
        )


def test_length_decides_in_euclidean_geometry_alone() -> None:
    # Two classes by angle; of one the points are of very different lengths.
    points = np.array([[1.0, 0.1], [9.0, 0.0], [0.1, 1.0], [0.0, 1.2]])
    labels = [0, 0, 1, 1]
    assert recall_at_1(points, labels) == 0.75
    for metric in (recall_at_1, mean_average_precision_at_r):
        assert metric(points, labels, "cosine") == 1.0
    assert knn_accuracy(points, labels, [[5.0, 0.6]], [0], 1, "cosine") == 1.0
    scaled = points * np.array([[1e-200], [1e200], [3.0], [0.5]])
    for metric in (recall_at_1, mean_average_precision_at_r, intra_inter_ratio):
        assert metric(scaled, labels, "cosine") == pytest.approx(metric(points, labels, "cosine"))


def test_cosine_intra_inter_ratio_agrees_with_a_loop_on_the_sphere() -> None:
    points, labels = _sample(2, 50, 4)
    sphere = np.array([p / math.sqrt(sum(x * x for x in p)) for p in points])
    expected = intra_inter_ratio(sphere, labels)
    assert intra_inter_ratio(points, labels, "cosine") == pytest.approx(expected)
    assert intra_inter_ratio(points, labels) != pytest.approx(expected)


def test_points_of_length_zero_have_no_angle_and_break_nothing() -> None:
    points, labels = _sample(3, 12, 3)
    points[0] = 0.0
    assert 0 <= mean_average_precision_at_r(points, labels, "cosine") <= 1
    assert math.isnan(intra_inter_ratio(np.zeros((4, 2)), [0, 0, 1, 1], "cosine"))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 40))
@settings(max_examples=25, deadline=None)
def test_knn_agrees_with_sklearn(seed: int, n: int) -> None:
    train, labels = _sample(seed, n, 2)
    test, truth = _sample(seed + 1, 20, 2)
    for k in (1, 3, 5):
        expected = KNeighborsClassifier(k, algorithm="brute").fit(train, labels)
        assert knn_accuracy(train, labels, test, truth, k) == pytest.approx(
            expected.score(test, truth)
        )


def test_more_queries_than_one_chunk() -> None:
    points, labels = _sample(5, 600, 7)
    recall, average = _loop_recall_and_map(points, labels)
    assert recall_at_1(points, labels) == pytest.approx(recall)
    assert mean_average_precision_at_r(points, labels) == pytest.approx(average)


def test_ties_between_duplicates_far_from_the_origin() -> None:
    base = np.random.default_rng(0).normal(size=(6, 17)) + 1e4
    points = np.concatenate([base] * 5)
    labels = np.arange(30, dtype=np.int64) % 4
    recall, average = _loop_recall_and_map(points, labels)
    assert recall_at_1(points, labels) == recall
    assert mean_average_precision_at_r(points, labels) == pytest.approx(average)


def test_intra_inter_ratio_agrees_with_loop() -> None:
    points, labels = _sample(2, 50, 4)
    means = {c: points[labels == c].mean(axis=0) for c in sorted(set(labels.tolist()))}
    intra = [math.dist(p, means[int(c)]) for p, c in zip(points, labels, strict=True)]
    inter = [math.dist(means[a], means[b]) for a in means for b in means if a < b]
    expected = (sum(intra) / len(intra)) / (sum(inter) / len(inter))
    assert intra_inter_ratio(points, labels) == pytest.approx(expected)
    assert intra_inter_ratio(7.0 * points + 3.0, labels) == pytest.approx(expected)


def test_known_values() -> None:
    points = [[0.0], [1.0], [3.0], [7.0]]
    assert recall_at_1(points, [0, 0, 1, 1]) == 0.75
    # Query scores 1, 1, 0 and 1.
    assert mean_average_precision_at_r(points, [0, 0, 1, 1]) == 0.75
    assert intra_inter_ratio(points, [0, 0, 1, 1]) == pytest.approx(1.25 / 4.5)
    # Two votes each among four neighbours: the class of the nearest wins.
    assert knn_accuracy([[1.0], [2.0], [3.0], [4.0]], [5, 2, 2, 5], [[0.0]], [5], k=4) == 1.0
    assert knn_accuracy([[1.0], [-1.0]], [3, 2], [[0.0]], [3], k=1) == 1.0


def test_perfect_scores() -> None:
    labels = np.repeat(np.arange(3), 4)
    points = 10.0 * np.eye(3)[labels]
    assert recall_at_1(points, labels) == 1.0
    assert mean_average_precision_at_r(points, labels) == 1.0
    assert knn_accuracy(points, labels, points, labels) == 1.0
    assert intra_inter_ratio(points, labels) == 0.0


def test_single_class_and_undefined_values() -> None:
    points, labels = _sample(0, 8, 1)
    assert recall_at_1(points, labels) == 1.0
    assert mean_average_precision_at_r(points, labels) == 1.0
    assert knn_accuracy(points, labels, points, labels) == 1.0
    assert math.isnan(intra_inter_ratio(points, labels))
    assert math.isnan(recall_at_1(points, np.arange(8)))
    assert math.isnan(mean_average_precision_at_r(points[:1], [0]))
    assert math.isinf(intra_inter_ratio([[-1.0], [1.0], [-2.0], [2.0]], [0, 0, 1, 1]))
    assert math.isnan(intra_inter_ratio(np.zeros((4, 2)), [0, 0, 1, 1]))


def test_intra_inter_ratio_of_a_collapsed_embedding_is_not_a_ratio_of_roundings() -> None:
    for value in (0.1, 1e6 + 0.1, -1 / 3):
        for n in (5, 7, 2000):
            assert math.isnan(intra_inter_ratio(np.full((n, 3), value), np.arange(n) % 3))


def test_errors() -> None:
    for metric in (recall_at_1, mean_average_precision_at_r, intra_inter_ratio):
        with pytest.raises(ValueError, match="at least one sample"):
            metric(np.zeros((0, 2)), [])
        with pytest.raises(ValueError, match="3 rows"):
            metric(np.zeros((2, 2)), [0, 0, 1])
        with pytest.raises(ValueError, match="finite"):
            metric([[np.nan], [0.0]], [0, 0])
        with pytest.raises(ValueError, match="integers"):
            metric([[1.0], [0.0]], [0.5, 0.5])
        with pytest.raises(ValueError, match="geometry must be euclidean or cosine, got 'l1'"):
            metric([[1.0], [0.0]], [0, 0], "l1")
    with pytest.raises(ValueError, match="k must"):
        knn_accuracy([[0.0]], [0], [[0.0]], [0], k=0)
    with pytest.raises(ValueError, match="same number of columns"):
        knn_accuracy([[0.0]], [0], [[0.0, 1.0]], [0])
    with pytest.raises(ValueError, match="at least one sample"):
        knn_accuracy(np.zeros((0, 1)), [], [[0.0]], [0])
    with pytest.raises(ValueError, match="real numbers"):
        knn_accuracy([["a"]], [0], [[0.0]], [0])
