"""Rates of what happened k times in n: those of scipy and statsmodels, and what they promise."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import binom_test, proportion_confint

from claims.statistics.rates import at_most, p_above

COUNTS = st.integers(1, 200).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_largest_rate_is_clopper_and_pearsons(counts: tuple[int, int], sure: float) -> None:
    _, high = proportion_confint(*counts, alpha=2 * (1 - sure), method="beta")
    assert at_most(*counts, sure) == pytest.approx(high)


def test_none_of_three_leaves_63_percent_possible() -> None:
    assert at_most(0, 3) == pytest.approx(1 - 0.05 ** (1 / 3))  # 0.63
    assert at_most(3, 3) == 1.0


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("of", [3, 10])
def test_the_true_rate_is_above_the_largest_in_at_most_five_percent(rate: float, of: int) -> None:
    chances = scipy.stats.binom.pmf(range(of + 1), of, rate)
    missed = [at_most(times, of) < rate for times in range(of + 1)]
    assert chances @ np.array(missed) <= 0.05


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.floats(0.01, 0.99))
def test_a_test_of_being_above_a_rate_is_the_binomial_test(
    counts: tuple[int, int], rate: float
) -> None:
    times, of = counts
    expected = scipy.stats.binomtest(times, of, rate, alternative="greater").pvalue
    assert p_above(times, of, rate) == pytest.approx(expected, rel=1e-6, abs=1e-300)
    second = binom_test(times, of, rate, alternative="larger")
    assert p_above(times, of, rate) == pytest.approx(second, rel=1e-6, abs=1e-12)


def test_a_tail_is_the_sum_of_what_it_is_made_of() -> None:
    ways = sum(math.comb(10, k) * 0.2**k * 0.8 ** (10 - k) for k in range(4, 11))
    assert p_above(4, 10, 0.2) == pytest.approx(ways)
    assert p_above(0, 10, 0.2) == 1.0


@pytest.mark.parametrize(("times", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_what_cannot_happen_is_refused(times: int, of: int) -> None:
    with pytest.raises(ValueError):
        at_most(times, of)
