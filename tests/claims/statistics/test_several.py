"""Holm's adjustment: statsmodels' values, the steps that define it, and how often it errs."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from claims.statistics.several import holm

P = st.floats(0.0, 1.0)


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_adjusted_p_values_are_those_of_statsmodels(count: int) -> None:
    p = np.random.default_rng(count).random(count) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm([0.2] * count) == pytest.approx(multipletests([0.2] * count, method="holm")[1])


@settings(deadline=None, max_examples=60)
@given(st.lists(P, min_size=1, max_size=6), st.sampled_from([0.01, 0.04, 0.3]))
def test_what_is_found_is_what_holms_steps_find(p: list[float], alpha: float) -> None:
    left = list(range(len(p)))
    while left and min(p[i] for i in left) * len(left) <= alpha:
        left.remove(min(left, key=lambda i: p[i]))
    assert np.flatnonzero(holm(p) > alpha).tolist() == left


@pytest.mark.parametrize("real", [0, 2])
def test_any_of_five_nulls_is_found_in_at_most_five_percent(real: int) -> None:
    drawn = np.random.default_rng(real).normal(size=(8000, 5 + real, 5))
    drawn[:, 5:] += 20.0
    p = scipy.stats.ttest_1samp(drawn, 0.0, axis=2).pvalue
    errors = np.mean([min(holm(row)[:5]) <= 0.05 for row in p])
    assert 0.0425 < errors < 0.0575  # 1 - 0.99^5 = 0.049, +- 3 standard errors


@pytest.mark.parametrize("wrong", [[0.1, 1.1], [-0.1], [0.1, float("nan")], [[0.1]]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError):
        holm(wrong)
