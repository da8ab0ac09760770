"""The spread that variants share: the residual of a two-way analysis of variance."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import scipy.stats
import statsmodels.formula.api as smf

from claims.statistics.pool import APART, pool, residual

Floats = npt.NDArray[np.float64]


def two_way(rows: Floats) -> Any:
    """The same by statsmodels."""
    variants, seeds = np.indices(rows.shape)
    data = pd.DataFrame({"y": rows.ravel(), "variant": variants.ravel(), "seed": seeds.ravel()})
    return smf.ols("y ~ C(variant) + C(seed)", data).fit()


@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (3, 3), (5, 4), (9, 3)])
def test_a_pool_is_the_residual_of_variants_and_seeds(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    rows = (
        rng.normal(size=shape) + 10 * rng.normal(size=(shape[0], 1)) + 5 * rng.normal(size=shape[1])
    )
    shared, expected = pool(rows), two_way(rows)
    assert shared.variance == pytest.approx(expected.mse_resid)
    assert shared.df == expected.df_resid
    error = np.sqrt(2 * shared.variance / shape[1])
    assert error == pytest.approx(expected.bse["C(variant)[T.1]"])
    assert residual(rows) == (shared.variance, shared.df)


@pytest.mark.parametrize("seed", range(20))
def test_a_variant_stands_apart_by_an_f_test_against_what_is_left_of_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(4, 3)) * [[4.0], [1.0], [1.0], [1.0]]
    expected = {}
    for row in range(4):
        others = np.delete(rows, row, axis=0)
        rest = two_way(others)
        own = np.var(rows[row] - others.mean(axis=0), ddof=1) / (1 + 1 / 3)
        if scipy.stats.f.sf(own / rest.mse_resid, 2, rest.df_resid) < APART:
            expected[row] = pytest.approx(own)
    assert pool(rows).apart == expected


def test_as_many_stand_apart_by_chance_as_the_level_says() -> None:
    drawn = np.random.default_rng(0).normal(size=(1000, 4, 5))
    apart = np.mean([len(pool(rows).apart) / 4 for rows in drawn])
    assert apart == pytest.approx(APART, abs=0.02)


def test_three_times_the_spread_is_found_with_enough_seeds() -> None:
    drawn = np.random.default_rng(0).normal(size=(200, 4, 10)) * [[3.0], [1.0], [1.0], [1.0]]
    assert np.mean([0 in pool(rows).apart for rows in drawn]) > 0.95


def test_of_two_variants_none_stands_apart() -> None:
    drawn = np.random.default_rng(0).normal(size=(50, 2, 3)) * [[100.0], [1.0]]
    assert not any(pool(rows).apart for rows in drawn)


def test_what_a_seed_does_to_all_variants_is_no_spread() -> None:
    rows = np.array([[0.1], [0.4], [0.35]]) + np.array([0.0, 0.3, 0.1, 0.7])
    assert pool(rows).variance == 0.0
    rows[2] += [0.01, -0.01, 0.0, 0.0]
    assert set(pool(rows).apart) == {2}


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError):
        pool([[1.0, 2.0], [1.0, np.nan]])
