"""Weighted sums of means: t tests and linear models where no images are known."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import scipy.stats
import statsmodels.formula.api as smf
from statsmodels.stats.weightstats import DescrStatsW

from claims.statistics.contrast import spread_of
from claims.statistics.images import image_errors
from claims.statistics.interval import interval
from claims.statistics.pool import pool, residual

Floats = npt.NDArray[np.float64]


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_a_difference_of_two_variants_is_a_paired_t_test(seeds: int) -> None:
    of, to = np.random.default_rng(seeds).normal([[0.6], [0.5]], 0.1, (2, seeds))
    spread, apart = spread_of([of, to], [1.0, -1.0])
    ours = interval(of.mean() - to.mean(), spread, 0.05, seeds, None)
    expected = scipy.stats.ttest_rel(of, to)
    assert ours.p == pytest.approx(expected.pvalue, rel=1e-3)
    assert (ours.low, ours.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    second = DescrStatsW(of - to)
    assert (ours.low, ours.high) == pytest.approx(second.tconfint_mean(0.05))
    assert ours.p == pytest.approx(second.ttest_mean()[1], rel=1e-3)
    assert not apart and ours.confidence == pytest.approx(0.95)


def test_a_mean_of_one_variant_is_a_t_test_of_one_sample() -> None:
    values = np.random.default_rng(0).normal(0.7, 0.1, 5)
    spread, apart = spread_of(values[None], [1.0])
    ours = interval(float(values.mean()), spread, 0.04, 5, None)
    expected = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.96)
    assert not apart and (ours.low, ours.high) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("weights", [[1.0, -1.0, 0.0, 0.0], [-0.3, -0.1, 0.1, 0.3]])
def test_variants_with_one_spread_have_the_interval_of_a_linear_model(weights: list[float]) -> None:
    rng = np.random.default_rng(4)  # of which none stands apart
    rows = rng.normal(size=(4, 5)) + rng.normal(size=5)
    variants, seeds = np.indices(rows.shape)
    data = pd.DataFrame({"y": rows.ravel(), "variant": variants.ravel(), "seed": seeds.ravel()})
    fitted = smf.ols("y ~ 0 + C(variant) + C(seed)", data).fit()
    expected = fitted.t_test(np.array([*weights, *[0.0] * 4])).conf_int(0.05)[0]
    spread, apart = spread_of(rows, weights)
    ours = interval(float(np.dot(weights, rows.mean(axis=1))), spread, 0.05, 5, None)
    assert not apart and (ours.low, ours.high) == pytest.approx(tuple(expected))


def test_what_spreads_more_has_its_own_variance_beside_that_of_the_others() -> None:
    rows = np.random.default_rng(1).normal(size=(4, 6))
    rows[0] *= 20.0
    noisy, apart = spread_of(rows, [1.0, -0.5, -0.5, 0.0])
    own, (rest, df) = pool(rows).apart[0], residual(rows[1:])
    parts = own, (0.25 + 0.25) * rest
    assert apart == {0}
    assert noisy.seeds == pytest.approx(np.sqrt(sum(parts) / 6))
    assert noisy.df == pytest.approx(sum(parts) ** 2 / (parts[0] ** 2 / 5 + parts[1] ** 2 / df))
    quiet, apart = spread_of(rows, [0.0, 1.0, -1.0, 0.0])
    assert not apart and quiet.df == 15


def test_degrees_of_freedom_lie_between_those_of_the_noisiest_and_of_all() -> None:
    """As Welch's do."""
    for seed in range(30):
        rows = np.random.default_rng(seed).normal(size=(4, 4)) * [[5.0], [1.0], [1.0], [1.0]]
        spread, apart = spread_of(rows, [1.0, -1.0, 0.0, 0.0])
        assert (3 - 1e-9 <= spread.df <= 3 + 9) if apart else spread.df == 9


def test_what_a_seed_does_to_all_is_in_no_difference_but_in_a_mean() -> None:
    rows = np.random.default_rng(2).normal(size=(3, 4))
    moved = rows + 100.0 * np.arange(4)
    for weights in ([1.0, -1.0, 0.0], [-1.0, 0.0, 1.0]):
        before, after = spread_of(rows, weights)[0], spread_of(moved, weights)[0]
        assert before.seeds == pytest.approx(after.seeds)
    assert spread_of(moved[:1], [1.0])[0].seeds > 10 * spread_of(rows[:1], [1.0])[0].seeds


def test_the_other_way_round_has_the_same_spread() -> None:
    rng = np.random.default_rng(3)
    right = rng.random((2, 4, 300)) < 0.6
    rows = np.vstack([right.mean(axis=2), rng.normal(0.6, 0.02, (2, 4))])
    forth = spread_of(rows, [1.0, -1.0, 0.0, 0.0], list(right))
    assert forth == spread_of(rows, [-1.0, 1.0, 0.0, 0.0], list(right))
    swapped, _ = spread_of(rows[[1, 0, 2, 3]], [1.0, -1.0, 0.0, 0.0], list(right[::-1]))
    assert vars(swapped) == pytest.approx(vars(forth[0]))


def test_images_are_those_of_the_weighted_sum_itself() -> None:
    rng = np.random.default_rng(5)
    right = (rng.random((2, 3, 500)) < rng.random(500)).astype(float)
    spread, _ = spread_of(right.mean(axis=2), [1.0, -1.0], list(right))
    assert (spread.images, spread.least) == image_errors(right[0] - right[1], 1.0)
    # Of a trend, whose weights are smaller, half an image weighs less.
    three = (rng.random((3, 3, 500)) < 0.5).astype(float)
    trend, _ = spread_of(three.mean(axis=2), [-0.5, 0.0, 0.5], [three[0], three[2]])
    assert trend.least == image_errors(0.5 * (three[2] - three[0]), 0.25)[1]


def test_one_seed_has_the_errors_of_its_images_alone() -> None:
    right = np.random.default_rng(6).random((2, 1, 400)) < 0.7
    spread, _ = spread_of(right.mean(axis=2), [1.0, -1.0], list(right))
    assert spread.seeds == 0.0 and spread.images == spread.least > 0.0


def test_equal_differences_have_no_spread_whatever_rounding_leaves() -> None:
    rows = np.array([[0.9, 0.8, 0.7], [0.8, 0.7, 0.6]])
    assert spread_of(rows, [1.0, -1.0])[0].seeds == 0.0
    assert spread_of([[0.1 + 0.2, 0.3, 0.3]], [1.0])[0].seeds == 0.0


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError):
        spread_of([[1.0, np.inf], [0.0, 1.0]], [1.0, -1.0])
