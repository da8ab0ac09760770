"""Tests of the classification metrics against explicit loops and scikit-learn."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from metrics import (
    accuracy,
    class_accuracy,
    confusion_matrix,
    expected_calibration_error,
    macro_precision_recall_f1,
    top_k_accuracy,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _labels(seed: int, n: int, classes: int) -> tuple[Ints, Ints]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, classes, n), rng.integers(0, classes, n)


def _probabilities(seed: int, n: int, classes: int) -> Floats:
    raw = np.exp(2.0 * np.random.default_rng(seed).normal(size=(n, classes)))
    result: Floats = raw / raw.sum(axis=1, keepdims=True)
    return result


def _loop_ece(true: Ints, probabilities: Floats, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        members = [i for i in range(len(true)) if low < probabilities[i].max() <= high]
        if members:
            acc = sum(int(probabilities[i].argmax() == true[i]) for i in members) / len(members)
            conf = sum(float(probabilities[i].max()) for i in members) / len(members)
            total += len(members) / len(true) * abs(acc - conf)
    return total


cases = given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60), classes=st.integers(3, 8))


@cases
@settings(max_examples=50, deadline=None)
def test_agrees_with_sklearn(seed: int, n: int, classes: int) -> None:
    true, pred = _labels(seed, n, classes)
    every = list(range(classes))
    matrix = confusion_matrix(true, pred, classes)
    assert matrix.dtype == np.int64
    np.testing.assert_array_equal(matrix, reference.confusion_matrix(true, pred, labels=every))
    assert accuracy(true, pred) == pytest.approx(reference.accuracy_score(true, pred))
    expected = reference.precision_recall_fscore_support(
        true, pred, labels=every, average="macro", zero_division=0
    )
    assert macro_precision_recall_f1(matrix) == pytest.approx(expected[:3])


@cases
@settings(max_examples=50, deadline=None)
def test_top_k_agrees_with_sklearn(seed: int, n: int, classes: int) -> None:
    true, _ = _labels(seed, n, classes)
    scores = _probabilities(seed, n, classes)
    for k in range(1, classes):
        expected = reference.top_k_accuracy_score(true, scores, k=k, labels=list(range(classes)))
        assert top_k_accuracy(true, scores, k) == pytest.approx(expected)
    assert top_k_accuracy(true, scores, 1) == accuracy(true, scores.argmax(axis=1))


@cases
@settings(max_examples=50, deadline=None)
def test_calibration_error_agrees_with_loop(seed: int, n: int, classes: int) -> None:
    true, _ = _labels(seed, n, classes)
    probabilities = _probabilities(seed, n, classes)
    for bins in (1, 10, 15):
        value = expected_calibration_error(true, probabilities, bins)
        assert value == pytest.approx(_loop_ece(true, probabilities, bins), abs=1e-12)
        assert 0.0 <= value <= 1.0


def test_confusion_matrix_and_class_accuracy_agree_with_loop() -> None:
    true, pred = _labels(3, 200, 5)
    matrix = np.zeros((6, 6), dtype=np.int64)
    for t, p in zip(true, pred, strict=True):
        matrix[t, p] += 1
    np.testing.assert_array_equal(confusion_matrix(true, pred, 6), matrix)
    per_class = class_accuracy(matrix)
    for c in range(5):
        assert per_class[c] == pytest.approx(np.mean(pred[true == c] == c))
    assert np.isnan(per_class[5])


def test_known_confusion_matrix_orientation() -> None:
    assert confusion_matrix([0, 0, 1], [1, 1, 1], 2).tolist() == [[0, 2], [0, 1]]


def test_top_k_orders_ties_by_class_index() -> None:
    scores = np.zeros((4, 4))
    assert top_k_accuracy([0, 1, 2, 3], scores, 1) == 0.25
    assert top_k_accuracy([0, 1, 2, 3], scores, 3) == 0.75
    assert top_k_accuracy([0, 1, 2, 3], scores, 4) == 1.0
    assert top_k_accuracy([0, 1, 2, 3], scores, 9) == 1.0
    assert top_k_accuracy([0, 1], [[-np.inf, 0.0], [0.0, np.inf]], 1) == 0.5


def test_perfect_scores() -> None:
    true = [0, 1, 2, 1]
    matrix = confusion_matrix(true, true, 3)
    assert accuracy(true, true) == 1.0
    assert class_accuracy(matrix).tolist() == [1.0, 1.0, 1.0]
    assert tuple(macro_precision_recall_f1(matrix)) == (1.0, 1.0, 1.0)
    assert top_k_accuracy(true, np.eye(3)[true], 1) == 1.0
    assert expected_calibration_error(true, np.eye(3)[true]) == 0.0


def test_calibration_error_extremes_and_bin_edges() -> None:
    assert expected_calibration_error([1, 0], np.eye(2)) == 1.0
    # Confidence 0.5 belongs to the first of two bins, so the errors of the bins do not cancel.
    value = expected_calibration_error([0, 1], [[0.5, 0.5], [0.6, 0.4]], bins=2)
    assert value == pytest.approx((0.5 + 0.6) / 2)


def test_empty_and_single_class() -> None:
    empty = confusion_matrix([], [], 2)
    assert empty.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(class_accuracy(empty)).all()
    assert tuple(macro_precision_recall_f1(empty)) == (0.0, 0.0, 0.0)
    single = confusion_matrix([0, 0], [0, 0], 1)
    assert single.tolist() == [[2]]
    assert tuple(macro_precision_recall_f1(single)) == (1.0, 1.0, 1.0)
    assert top_k_accuracy([0, 0], np.zeros((2, 1))) == 1.0
    assert expected_calibration_error([0, 0], np.ones((2, 1))) == 0.0


def test_errors() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        accuracy([], [])
    with pytest.raises(ValueError, match="same length"):
        accuracy([0, 1], [0])
    with pytest.raises(ValueError, match="one-dimensional"):
        accuracy([[0]], [[0]])
    with pytest.raises(ValueError, match="integers"):
        accuracy([0.5], [0.5])
    for true, pred in (([2], [0]), ([0], [2]), ([-1], [0]), ([0], [-1])):
        with pytest.raises(ValueError, match="between 0 and 1"):
            confusion_matrix(true, pred, 2)
    with pytest.raises(ValueError, match="num_classes"):
        confusion_matrix([], [], 0)
    with pytest.raises(ValueError, match="square"):
        class_accuracy(np.zeros((2, 3), dtype=np.int64))
    with pytest.raises(ValueError, match="non-negative"):
        macro_precision_recall_f1([[-1]])
    with pytest.raises(ValueError, match="at least one sample"):
        top_k_accuracy([], np.zeros((0, 3)))
    with pytest.raises(ValueError, match="k must"):
        top_k_accuracy([0], [[1.0]], 0)
    with pytest.raises(ValueError, match="NaN"):
        top_k_accuracy([0], [[np.nan, 1.0]], 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        top_k_accuracy([2], [[0.0, 1.0]], 1)
    with pytest.raises(ValueError, match="rows"):
        top_k_accuracy([0, 1], [[0.0, 1.0]], 1)
    with pytest.raises(ValueError, match="bins"):
        expected_calibration_error([0], [[1.0]], 0)
    for row in ([0.5, 0.2], [1.5, -0.5], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="sum to one"):
            expected_calibration_error([0], [row])
