"""Tests of the ROC curves and areas against explicit loops and scikit-learn."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from metrics import auc, one_vs_rest, roc_curve

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _binary(seed: int, n: int, levels: int) -> tuple[Ints, Floats]:
    """Labels with both classes, and scores that take at most `levels` values."""
    rng = np.random.default_rng(seed)
    true = rng.permutation(np.append([0, 1], rng.integers(0, 2, n)))
    return true, np.round(rng.normal(size=levels), 3)[rng.integers(0, levels, n + 2)]


def _classes(seed: int, n: int, classes: int, levels: int) -> tuple[Ints, Floats]:
    """Labels of classes of uneven size, every one present, and scores with ties."""
    rng = np.random.default_rng(seed)
    drawn = (classes * rng.random(n) ** 2).astype(np.int64)
    true = rng.permutation(np.append(np.arange(classes), drawn))
    return true, rng.integers(0, levels, (n + classes, classes)).astype(np.float64)


def _loop_auc(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    above, below = scores[positive], scores[~positive]
    wins = sum(float(p > q) + 0.5 * float(p == q) for p in above for q in below)
    return wins / (len(above) * len(below))


def _loop_value(curve: tuple[Floats, Floats], x: float) -> tuple[float, float]:
    """The lowest and the highest true positive rate of a curve at one false positive rate."""
    fpr, tpr = curve
    here = [t for f, t in zip(fpr, tpr, strict=True) if f == x]
    if here:
        return min(here), max(here)
    i = max(k for k, f in enumerate(fpr) if f < x)
    value = tpr[i] + (tpr[i + 1] - tpr[i]) * (x - fpr[i]) / (fpr[i + 1] - fpr[i])
    return value, value


seeds = st.integers(0, 2**32 - 1)
binary = given(seed=seeds, n=st.integers(0, 60), levels=st.integers(1, 40))
multiclass = given(
    seed=seeds, n=st.integers(0, 40), classes=st.integers(2, 6), levels=st.integers(1, 30)
)


@binary
@settings(max_examples=100, deadline=None)
def test_curve_and_area_agree_with_sklearn_and_loop(seed: int, n: int, levels: int) -> None:
    true, scores = _binary(seed, n, levels)
    result = roc_curve(true, scores)
    for array, expected in zip(
        result, reference.roc_curve(true, scores, drop_intermediate=False), strict=True
    ):
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, expected)
    for array, again in zip(result, roc_curve(true == 1, scores.tolist()), strict=True):
        np.testing.assert_array_equal(array, again)
    fpr, tpr, thresholds = result
    for f, t, threshold in zip(fpr, tpr, thresholds, strict=True):
        assert f == np.mean(scores[true == 0] >= threshold)
        assert t == np.mean(scores[true == 1] >= threshold)
    assert auc(fpr, tpr) == pytest.approx(_loop_auc(true == 1, scores), abs=1e-12)
    assert auc(fpr, tpr) == pytest.approx(reference.roc_auc_score(true, scores), abs=1e-12)


@given(
    xs=st.lists(st.integers(-4, 4), min_size=2, max_size=20).map(sorted),
    seed=seeds,
    reverse=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_area_agrees_with_sklearn(xs: list[int], seed: int, reverse: bool) -> None:
    x = xs[::-1] if reverse else xs
    y = np.random.default_rng(seed).normal(size=len(x))
    assert auc(x, y) == pytest.approx(reference.auc(x, y), abs=1e-12)


@multiclass
@settings(max_examples=100, deadline=None)
def test_one_vs_rest_agrees_with_sklearn_and_loop(
    seed: int, n: int, classes: int, levels: int
) -> None:
    true, scores = _classes(seed, n, classes, levels)
    result = one_vs_rest(true, scores)
    onehot = np.eye(classes, dtype=np.int64)[true]
    for c, curve in enumerate(result.curves):
        assert curve is not None
        expected = reference.roc_curve(onehot[:, c], scores[:, c], drop_intermediate=False)
        np.testing.assert_array_equal(curve[0], expected[0])
        np.testing.assert_array_equal(curve[1], expected[1])
        assert result.auc[c] == pytest.approx(_loop_auc(true == c, scores[:, c]), abs=1e-12)
    assert result.auc.dtype == np.float64 and result.auc.shape == (classes,)
    for average, value in (("macro", result.macro_auc), ("micro", result.micro_auc)):
        expected_area = reference.roc_auc_score(onehot, scores, average=average)
        assert value == pytest.approx(expected_area, abs=1e-12)
    assert result.micro is not None and result.macro is not None
    pooled = reference.roc_curve(onehot.ravel(), scores.ravel(), drop_intermediate=False)
    np.testing.assert_array_equal(result.micro, pooled[:2])
    assert auc(*result.macro) == pytest.approx(result.macro_auc, abs=1e-12)


@given(seed=seeds, n=st.integers(0, 60), classes=st.integers(3, 6))
@settings(max_examples=50, deadline=None)
def test_probabilities_agree_with_sklearn(seed: int, n: int, classes: int) -> None:
    true, scores = _classes(seed, n, classes, 9)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    result = one_vs_rest(true, probabilities)
    for average in ("macro", "micro"):
        expected = reference.roc_auc_score(true, probabilities, multi_class="ovr", average=average)
        assert getattr(result, f"{average}_auc") == pytest.approx(expected, abs=1e-12)


@multiclass
@settings(max_examples=50, deadline=None)
def test_macro_curve_is_the_mean_of_the_curves(
    seed: int, n: int, classes: int, levels: int
) -> None:
    true, scores = _classes(seed, n, classes, levels)
    result = one_vs_rest(true, scores)
    assert result.macro is not None
    fpr, tpr = result.macro
    curves = [curve for curve in result.curves if curve is not None]
    assert set(fpr) == {f for curve in curves for f in curve[0]}
    for x in np.unique(fpr):
        low, high = np.mean([_loop_value(curve, x) for curve in curves], axis=0)
        here = tpr[fpr == x]
        assert here.size == (1 if high - low < 1e-12 else 2)
        assert (here[0], here[-1]) == pytest.approx((low, high), abs=1e-12)
    assert np.all(np.diff(fpr) >= 0) and np.all(np.diff(tpr) >= 0)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0.0, 0.0, 1.0, 1.0)


@multiclass
@settings(max_examples=50, deadline=None)
def test_a_monotone_transformation_changes_nothing(
    seed: int, n: int, classes: int, levels: int
) -> None:
    true, scores = _classes(seed, n, classes, levels)
    result = one_vs_rest(true, scores)
    transforms = (scores * 8 - 3, np.exp(scores / 4), scores.astype(np.float32), scores.astype(int))
    infinite = np.where(scores == scores.max(), np.inf, scores)
    infinite[scores == scores.min()] = -np.inf
    for other in (one_vs_rest(true, s) for s in (*transforms, infinite)):
        for curve, expected in zip(
            (*other.curves, other.micro, other.macro),
            (*result.curves, result.micro, result.macro),
            strict=True,
        ):
            np.testing.assert_array_equal(curve, expected)
        np.testing.assert_array_equal(other.auc, result.auc)
        assert (other.micro_auc, other.macro_auc) == (result.micro_auc, result.macro_auc)


def test_known_curve_with_ties() -> None:
    fpr, tpr, thresholds = roc_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    assert fpr.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert tpr.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert thresholds.tolist() == [np.inf, 0.9, 0.5, 0.1]
    assert auc(fpr, tpr) == 0.875


def test_infinite_scores_are_levels_of_their_own() -> None:
    fpr, tpr, thresholds = roc_curve([1, 1, 0, 1, 0, 0], [np.inf, np.inf, np.inf, 0, 0, -np.inf])
    assert fpr.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert tpr.tolist() == pytest.approx([0, 2 / 3, 1, 1])
    assert thresholds.tolist() == [np.inf, np.inf, 0, -np.inf]


def test_perfect_reversed_and_constant_scores() -> None:
    true = [0, 1, 2, 1]
    for scores, area in ((np.eye(3)[true], 1.0), (-np.eye(3)[true], 0.0), (np.ones((4, 3)), 0.5)):
        result = one_vs_rest(true, scores)
        assert result.auc.tolist() == [area] * 3
        assert (result.micro_auc, result.macro_auc) == (area, area)
        assert result.macro is not None and auc(*result.macro) == area
    assert result.micro is not None and result.macro is not None
    assert [points.tolist() for points in result.micro] == [[0.0, 1.0], [0.0, 1.0]]
    assert [points.tolist() for points in result.macro] == [[0.0, 1.0], [0.0, 1.0]]


def test_macro_skips_absent_classes() -> None:
    true, scores = _classes(5, 50, 3, 7)
    spread = np.zeros((len(true), 5))
    spread[:, [0, 2, 3]] = scores
    result = one_vs_rest(np.array([0, 2, 3])[true], spread)
    expected = one_vs_rest(true, scores)
    assert result.curves[1] is None and result.curves[4] is None
    assert np.isnan(result.auc).tolist() == [False, True, False, False, True]
    assert result.auc[[0, 2, 3]].tolist() == expected.auc.tolist()
    assert result.macro_auc == expected.macro_auc
    np.testing.assert_array_equal(result.macro, expected.macro)
    onehot = np.eye(5, dtype=np.int64)[np.array([0, 2, 3])[true]]
    pooled = reference.roc_auc_score(onehot.ravel(), spread.ravel())
    assert result.micro_auc == pytest.approx(pooled)


def test_a_class_that_is_all_of_the_samples() -> None:
    result = one_vs_rest([1, 1], [[0.0, 1.0, 2.0], [0.0, 3.0, 1.0]])
    assert result.curves == (None, None, None) and result.macro is None
    assert np.isnan(result.auc).all() and np.isnan(result.macro_auc)
    assert result.micro is not None and result.micro_auc == 0.8125
    single = one_vs_rest([0, 0], np.ones((2, 1)))
    assert single.curves == (None,) and single.micro is None and single.macro is None
    assert np.isnan([*single.auc, single.micro_auc, single.macro_auc]).all()


def test_macro_area_at_a_larger_size() -> None:
    rng = np.random.default_rng(2)
    true = np.minimum((50 * rng.random(4000) ** 2).astype(np.int64), 49)
    scores = rng.normal(size=(4000, 50)) + 2 * np.eye(50)[true]
    result = one_vs_rest(true, scores)
    assert result.macro is not None
    assert auc(*result.macro) == pytest.approx(result.macro_auc, abs=1e-12)
    expected = reference.roc_auc_score(np.eye(50)[true], scores, average=None)
    np.testing.assert_allclose(result.auc, expected, rtol=0, atol=1e-12)


def test_errors() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        roc_curve([], [])
    for true in ([0, 0], [1, 1], [True, True]):
        with pytest.raises(ValueError, match="one positive and one negative"):
            roc_curve(true, [0.1, 0.2])
    for true in ([0, 2], [-1, 1]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            roc_curve(true, [0.1, 0.2])
    with pytest.raises(ValueError, match="integers"):
        roc_curve([0.0, 1.0], [0.1, 0.2])
    with pytest.raises(ValueError, match="one-dimensional"):
        roc_curve([[0, 1]], [[0.1, 0.2]])
    for scores in ([0.1], [[0.1], [0.2]], 0.1):
        with pytest.raises(ValueError, match="scores must have shape"):
            roc_curve([0, 1], scores)
    with pytest.raises(ValueError, match="real numbers"):
        roc_curve([0, 1], [1j, 0.2])
    with pytest.raises(ValueError, match="NaN"):
        roc_curve([0, 1], [np.nan, 0.2])
    with pytest.raises(ValueError, match="at least two points"):
        auc([0.0], [1.0])
    for y in ([0.0], [[0.0, 1.0]]):
        with pytest.raises(ValueError, match="share a shape"):
            auc([0.0, 1.0], y)
    with pytest.raises(ValueError, match="share a shape"):
        auc([[0.0, 1.0]], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="never decrease"):
        auc([0.0, 1.0, 0.5], [0.0, 1.0, 1.0])
    for x in ([0.0, np.nan], [0.0, np.inf]):
        with pytest.raises(ValueError, match="finite"):
            auc(x, [0.0, 1.0])
    with pytest.raises(ValueError, match="real numbers"):
        auc(["0", "1"], ["0", "1"])
    with pytest.raises(ValueError, match="at least one sample"):
        one_vs_rest([], np.zeros((0, 3)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        one_vs_rest([2], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="rows"):
        one_vs_rest([0, 1], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="NaN"):
        one_vs_rest([0], [[np.nan, 1.0]])
