"""Receiver operating characteristic (ROC) curves, one class against the rest, and their areas."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metrics._checks import as_labels, as_matrix, require_in_range, require_samples

_Floats = npt.NDArray[np.float64]
_Curve = tuple[_Floats, _Floats]


class OneVsRest(NamedTuple):
    """ROC curves of C classes, each against the rest, and their areas, each in [0, 1].

    A curve is a pair (fpr, tpr) of float64 arrays from (0, 0) to (1, 1) that never decrease. One
    that does not exist is None, its area NaN.

    curves, auc: of C classes; that of a class without samples or with all of them does not exist.
    micro, micro_auc: of the decisions of all classes together; exist if C > 1.
    macro, macro_auc: the means of those of the classes that exist.
    """

    curves: tuple[_Curve | None, ...]
    auc: _Floats
    micro: _Curve | None
    micro_auc: float
    macro: _Curve | None
    macro_auc: float


def _score_matrix(scores: npt.ArrayLike, rows: int) -> _Floats:
    values = as_matrix(scores, "scores", rows)
    if np.isnan(values).any():
        raise ValueError("scores must not contain NaN.")
    return values


def _roc(positive: npt.NDArray[np.bool_], scores: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """`roc_curve` of checked arrays that hold both a positive and a negative."""
    order = np.argsort(-scores)
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each run of ties
    tps = np.cumsum(positive[order])[last]
    fps = last + 1 - tps
    rates = np.append(0.0, fps / fps[-1]), np.append(0.0, tps / tps[-1])
    return *rates, np.append(np.inf, ranked[last])


def roc_curve(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[_Floats, _Floats, _Floats]:
    """False positive rates, true positive rates and thresholds of a binary decision.

    The three float64 arrays have one entry per distinct score, so tied scores are one step, after a
    first point (0, 0) at threshold inf where nothing is called positive; at all others, scores >=
    threshold are.

    y_true: 0 and 1, or booleans, (N,).
    scores: real numbers (N,); higher is more likely positive, and infinities are allowed.

    Raises ValueError if there is no sample, a score is NaN, or labels lack a positive or a
    negative.
    """
    array = np.asarray(y_true)
    true = as_labels(array.astype(np.int64) if array.dtype.kind == "b" else array, "y_true")
    require_samples(true.size)
    require_in_range(true, 2, "y_true")
    values = np.asarray(scores)
    if values.shape != true.shape:
        raise ValueError(f"scores must have shape {true.shape}, got shape {values.shape}.")
    values = _score_matrix(values[:, None], true.size)[:, 0]
    if true.min() == true.max():
        raise ValueError("y_true must contain at least one positive and one negative.")
    return _roc(true == 1, values)


def auc(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Area under the curve through the points (x, y), in either direction, by the trapezoid rule.

    x: finite (P,), P at least 2; never decreases or never increases.
    y: finite (P,).

    Raises ValueError if they are anything else.
    """
    xs, ys = np.asarray(x), np.asarray(y)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(f"x and y must share a shape (P,), got {xs.shape} and {ys.shape}.")
    if xs.size < 2:
        raise ValueError(f"The area needs at least two points, got {xs.size}.")
    points = as_matrix(np.stack([xs, ys]), "x and y", 2)
    if not np.isfinite(points).all():
        raise ValueError("x and y must be finite.")
    steps = np.diff(points[0])
    if np.any(steps < 0) and np.any(steps > 0):
        raise ValueError("x must never decrease or never increase.")
    return float(np.sum(np.abs(steps) * (points[1, 1:] + points[1, :-1])) / 2.0)


def _mean_curve(curves: list[_Curve]) -> _Curve:
    """Mean of curves at each of their fpr, which occurs twice where the mean rises vertically."""
    grid = np.unique(np.concatenate([fpr for fpr, _ in curves]))
    below, above = np.zeros(grid.size), np.zeros(grid.size)  # the ends of a vertical step
    for fpr, tpr in curves:
        own, first = np.unique(fpr, return_index=True)
        at = np.searchsorted(grid, own)
        value = np.interp(grid, fpr, tpr)
        value[at] = tpr[first]
        below += value
        value[at] = tpr[np.append(first[1:], fpr.size) - 1]
        above += value
    ends = np.stack([below, above], axis=1).ravel() / len(curves)
    keep = np.stack([np.ones(grid.size, dtype=np.bool_), below != above], axis=1).ravel()
    # Rounding must neither lower the curve nor lift it above 1.
    return np.repeat(grid, 2)[keep], np.minimum(np.maximum.accumulate(ends[keep]), 1.0)


def one_vs_rest(y_true: npt.ArrayLike, scores: npt.ArrayLike) -> OneVsRest:
    """ROC curves and areas of each class against the rest, pooled (micro) and averaged (macro).

    `micro` ranks all N * C decisions together; `macro_auc`, the area under `macro`, is the mean of
    the areas that are not NaN.

    y_true: integers (N,), 0..C-1.
    scores: (N, C), decision values or probabilities; higher is more likely, and infinities are
        allowed.

    Raises ValueError if there is no sample, a label is out of range, or a score is NaN.
    """
    true = as_labels(y_true, "y_true")
    require_samples(true.size)
    values = _score_matrix(scores, true.size)
    require_in_range(true, values.shape[1], "y_true")
    own = true[:, None] == np.arange(values.shape[1])[None, :]
    mixed = own.any(axis=0) & ~own.all(axis=0)
    curves = tuple(_roc(own[:, c], values[:, c])[:2] if m else None for c, m in enumerate(mixed))
    micro = _roc(own.ravel(), values.ravel())[:2] if mixed.size > 1 else None
    *areas, micro_auc = (auc(*curve) if curve else float("nan") for curve in (*curves, micro))
    if not mixed.any():
        return OneVsRest(curves, np.array(areas), micro, micro_auc, None, float("nan"))
    macro = _mean_curve([curve for curve in curves if curve])
    return OneVsRest(curves, np.array(areas), micro, micro_auc, macro, float(np.nanmean(areas)))
