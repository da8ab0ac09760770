"""Dunnett's distribution: that of scipy's multivariate t, and of the published tables."""

import math

import numpy as np
import pytest
import scipy.stats
from scipy.integrate import quad

from claims.statistics.dunnett import critical, tail

# Two-sided, 5 % and 1 %, for k = 1 ... 9 comparisons (Dunnett, Biometrics 20, 482, 1964).
TABLES = {
    (0.05, 5): [2.57, 3.03, 3.29, 3.48, 3.62, 3.73, 3.82, 3.90, 3.97],
    (0.05, 10): [2.23, 2.57, 2.76, 2.89, 2.99, 3.07, 3.14, 3.19, 3.24],
    (0.05, 20): [2.09, 2.38, 2.54, 2.65, 2.73, 2.80, 2.86, 2.90, 2.95],
    (0.05, math.inf): [1.96, 2.21, 2.35, 2.44, 2.51, 2.57, 2.61, 2.65, 2.69],
    (0.01, 10): [3.17, 3.53, 3.74, 3.88, 3.99, 4.08, 4.16, 4.22, 4.28],
    (0.01, math.inf): [2.58, 2.79, 2.92, 3.00, 3.06, 3.11, 3.15, 3.19, 3.22],
}


@pytest.mark.parametrize(("alpha", "df"), TABLES)
def test_critical_values_are_those_of_the_tables(alpha: float, df: float) -> None:
    for comparisons, printed in enumerate(TABLES[alpha, df], start=1):
        nearer, farther = tail([printed - 0.011, printed + 0.011], comparisons, df)
        assert farther < alpha < nearer


@pytest.mark.parametrize("comparisons", [2, 3, 8])
@pytest.mark.parametrize("df", [2, 4, 16, math.inf])
def test_a_tail_is_that_of_scipys_multivariate_t(comparisons: int, df: float) -> None:
    shape = np.full((comparisons, comparisons), 0.5) + 0.5 * np.eye(comparisons)
    nothing = np.zeros(comparisons)
    for stray in (0.5, 2.0, 4.0):
        box = {"lower_limit": np.full(comparisons, -stray)}
        ends = np.full(comparisons, stray)
        if df < math.inf:
            within = scipy.stats.multivariate_t.cdf(
                ends, nothing, shape, df, random_state=0, maxpts=50_000, **box
            )
        else:
            rng = np.random.default_rng(0)
            within = scipy.stats.multivariate_normal.cdf(ends, nothing, shape, rng=rng, **box)
        assert float(tail(stray, comparisons, df)) == pytest.approx(1.0 - within, abs=5e-4)


def test_p_values_are_those_of_scipys_dunnett_test() -> None:
    rng = np.random.default_rng(1)
    control, *others = rng.normal([[0.0], [1.0], [0.5], [1.5]], 1.0, (4, 5))
    result = scipy.stats.dunnett(*others, control=control, rng=np.random.default_rng(0))
    ours = tail(np.abs(result.statistic), 3, 4 * (5 - 1))
    assert ours == pytest.approx(result.pvalue, abs=1e-3)


@pytest.mark.parametrize("df", [1, 2, 7, math.inf])
def test_one_comparison_is_students_t(df: float) -> None:
    student = scipy.stats.t(df) if df < math.inf else scipy.stats.norm()
    for alpha in (0.5, 0.04, 1e-6):
        assert float(critical(alpha, 1, df)) == pytest.approx(student.isf(alpha / 2))
        assert float(tail(student.isf(alpha / 2), 1, df)) == pytest.approx(alpha)


@pytest.mark.parametrize("df", [1, 3, 40])
def test_a_tail_of_few_degrees_of_freedom_is_the_integral_that_defines_it(df: int) -> None:
    """Far out, where a randomised integral tells nothing."""

    def joint(s: float) -> float:
        density = scipy.stats.chi(df, scale=1 / math.sqrt(df)).pdf(s)
        return float(density * tail(30.0 * s, 4, math.inf))

    expected = quad(joint, 0.0, 6.0, points=[0.01, 0.1, 0.5], epsabs=0.0, limit=200)[0]
    assert float(tail(30.0, 4, df)) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("comparisons", [1, 2, 8])
@pytest.mark.parametrize("df", [1, 2, 16, math.inf])
def test_what_is_critical_has_its_tail(comparisons: int, df: float) -> None:
    alphas = np.array([0.9, 0.5, 0.05, 0.04, 0.0016, 1e-6])
    strays = critical(alphas, comparisons, df)
    assert tail(strays, comparisons, df) == pytest.approx(alphas, rel=5e-3)
    assert np.all(np.diff(strays) > 0.0)


def test_more_comparisons_and_fewer_degrees_of_freedom_take_more() -> None:
    by_count = [float(critical(0.05, k, 8)) for k in range(1, 9)]
    by_df = [float(critical(0.05, 3, df)) for df in (math.inf, 30, 10, 4, 2, 1)]
    assert by_count == sorted(by_count) and by_df == sorted(by_df)
    # Never more than Bonferroni's inequality asks for.
    assert by_count[7] < float(critical(0.05 / 8, 1, 8))
