"""Metrics of predicted classes, class scores and class probabilities."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metrics._checks import as_labels, as_matrix, require_in_range, require_samples

_ROW_SUM_TOLERANCE = 1e-3


class MacroScores(NamedTuple):
    """Unweighted means over all classes of precision, recall and F1, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


def _label_pair(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    true = as_labels(y_true, "y_true")
    pred = as_labels(y_pred, "y_pred")
    if true.size != pred.size:
        raise ValueError(
            f"y_true and y_pred must have the same length, got {true.size} and {pred.size}."
        )
    return true, pred


def accuracy(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
    """Fraction of samples whose predicted class is the true one, in [0, 1].

    y_true, y_pred: integers (N,).

    Raises ValueError if there is no sample, or lengths differ.
    """
    true, pred = _label_pair(y_true, y_pred)
    require_samples(true.size)
    return float(np.mean(true == pred))


def top_k_accuracy(y_true: npt.ArrayLike, scores: npt.ArrayLike, k: int = 5) -> float:
    """Fraction of samples whose true class is among the k highest scores, in [0, 1].

    Equal scores are ordered by class index, the lower index first. With k >= C (hence always for a
    single class) the result is 1.0.

    y_true: integers (N,), 0..C-1.
    scores: (N, C); higher is better, and infinities are allowed.
    k: at least 1.

    Raises ValueError if there is no sample, a score is NaN, or k is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}.")
    true = as_labels(y_true, "y_true")
    require_samples(true.size)
    values = as_matrix(scores, "scores", true.size)
    classes = values.shape[1]
    require_in_range(true, classes, "y_true")
    if np.isnan(values).any():
        raise ValueError("scores must not contain NaN.")
    own = values[np.arange(true.size), true][:, None]
    tied_before = (values == own) & (np.arange(classes)[None, :] < true[:, None])
    rank = np.sum((values > own) | tied_before, axis=1)
    return float(np.mean(rank < k))


def confusion_matrix(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, num_classes: int
) -> npt.NDArray[np.int64]:
    """Counts of (true class, predicted class), int64 (C, C).

    Rows are true classes and columns predicted classes. An empty input gives zeros, and a single
    class gives the 1 x 1 matrix [[N]].

    y_true, y_pred: integers (N,), 0..C-1.
    num_classes: C, at least 1.

    Raises ValueError if a label is out of range, or lengths differ.
    """
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}.")
    true, pred = _label_pair(y_true, y_pred)
    require_in_range(true, num_classes, "y_true")
    require_in_range(pred, num_classes, "y_pred")
    counts = np.bincount(true * num_classes + pred, minlength=num_classes * num_classes)
    return counts.astype(np.int64).reshape(num_classes, num_classes)


def _counts(matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(matrix)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise ValueError(f"matrix must be square and not empty, got shape {array.shape}.")
    if array.dtype.kind not in "iu" or array.min() < 0:
        raise ValueError("matrix must hold non-negative integer counts.")
    return array.astype(np.float64)


def _divide(
    numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64], otherwise: float
) -> npt.NDArray[np.float64]:
    result = np.full(numerator.shape, otherwise, dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def class_accuracy(matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Accuracy within each true class (its recall), float64 (C,) in [0, 1].

    A class without samples gives NaN, so the matrix of an empty input gives NaN throughout; a
    single class with samples gives [1.0].

    matrix: a confusion matrix (C, C), true classes in rows.

    Raises ValueError if it is not square, or holds anything but counts.
    """
    counts = _counts(matrix)
    return _divide(np.diagonal(counts), counts.sum(axis=1), float("nan"))


def macro_precision_recall_f1(matrix: npt.ArrayLike) -> MacroScores:
    """Macro-averaged precision, recall and F1, each in [0, 1].

    Every class counts equally, those without samples or predictions included: a score whose
    denominator is zero is 0. F1 is averaged over the F1 scores of the classes, not computed from
    the averaged precision and recall. The matrix of an empty input scores 0 throughout, a single
    class with samples scores 1.

    matrix: a confusion matrix (C, C), true classes in rows.

    Raises ValueError if it is not square, or holds anything but counts.
    """
    counts = _counts(matrix)
    hits = np.diagonal(counts)
    support = counts.sum(axis=1)
    predicted = counts.sum(axis=0)
    return MacroScores(
        precision=float(_divide(hits, predicted, 0.0).mean()),
        recall=float(_divide(hits, support, 0.0).mean()),
        f1=float(_divide(2.0 * hits, support + predicted, 0.0).mean()),
    )


def expected_calibration_error(
    y_true: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 15
) -> float:
    """Expected calibration error, in [0, 1].

    The highest probability of a row is its confidence (the lowest class index wins a tie). Samples
    fall into bins of equal width, each open on the left and closed on the right; the result is the
    mean over samples of |accuracy - confidence| of their bin. A single class gives 0. Guo et al.,
    "On Calibration of Modern Neural Networks", ICML 2017.

    y_true: integers (N,), 0..C-1.
    probabilities: (N, C), rows that sum to one.
    bins: at least 1.

    Raises ValueError if there is no sample, bins is below 1, or a row is no distribution.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}.")
    true = as_labels(y_true, "y_true")
    require_samples(true.size)
    values = as_matrix(probabilities, "probabilities", true.size)
    require_in_range(true, values.shape[1], "y_true")
    in_range = (values >= 0.0) & (values <= 1.0 + _ROW_SUM_TOLERANCE)
    if not in_range.all() or np.any(np.abs(values.sum(axis=1) - 1.0) > _ROW_SUM_TOLERANCE):
        raise ValueError("probabilities must be non-negative with rows that sum to one.")
    confidence = np.minimum(values.max(axis=1), 1.0)
    correct = (values.argmax(axis=1) == true).astype(np.float64)
    upper_edges = np.linspace(0.0, 1.0, bins + 1)[1:]
    index = np.searchsorted(upper_edges, confidence, side="left")
    gaps = np.bincount(index, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / true.size)
