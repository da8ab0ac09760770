"""A trend over ordered levels: Page's test, and a mean rank correlation."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from claims import statistics

PAGE = [[3, 4, 3], [2, 2, 4], [3, 3, 5], [1, 3, 2], [2, 3, 2], [2, 4, 5], [1, 2, 4], [3, 4, 4],
        [2, 4, 5], [1, 3, 4]]  # fmt: skip


def test_a_trend_is_that_of_the_example_of_pages_test() -> None:
    result = statistics.trend([1, 10, 100], PAGE)
    assert result.p == pytest.approx(2 * 0.0018191161948127822)  # scipy's documentation
    down = statistics.trend([3, 2, 1], PAGE)
    assert down.p == result.p
    assert (down.low, down.high) == pytest.approx((-result.high, -result.low))
    shuffled = statistics.trend([100, 1, 10], np.array(PAGE)[:, [2, 0, 1]])
    assert shuffled == result


def test_a_trend_is_a_mean_rank_correlation_with_an_interval_over_seeds() -> None:
    levels, rows = [1, 2, 3, 4], [[1, 2, 3, 4], [5, 7, 6, 8], [3, 1, 4, 2]]
    # 1 - 6 * (sum of squared differences of ranks) / (4 * 15).
    rho = statistics.difference([1.0, 0.8, 0.0], [0.0] * 3)
    result = statistics.trend(levels, rows)
    assert (result.estimate, result.low) == pytest.approx((rho.estimate, rho.low))
    assert rho.high > 1.0 and result.high == 1.0
    assert statistics.trend(levels[::-1], rows).low == -1.0
    assert (result.n, result.basis, result.confidence) == (3, "t over seeds", 0.95)
    narrower = statistics.trend(levels, rows, 0.5)
    expected = statistics.difference([1.0, 0.8, 0.0], [0.0] * 3, 0.5)
    assert (narrower.low, narrower.high) == pytest.approx((expected.low, expected.high))
    assert narrower.p == result.p
    flat = statistics.trend(levels, [[1, 2, 3, 4], [2, 2, 2, 2]])
    assert flat.estimate == 0.5


def test_the_p_value_of_a_trend_counts_the_orders_that_are_as_extreme() -> None:
    studies = list(itertools.product(itertools.permutations((1, 2, 3)), repeat=2))
    scores = np.array(studies).sum(axis=1) @ np.arange(3)
    for study, score in zip(studies, scores, strict=True):
        tail = min(np.mean(scores >= score), np.mean(scores <= score))
        assert statistics.trend([0.1, 0.5, 2.0], study).p == pytest.approx(min(2 * tail, 1.0))


WRONG = {
    "two levels": lambda: statistics.trend([1, 2], [[1, 2], [1, 2]]),
    "one block": lambda: statistics.trend([1, 2, 3], [[1, 2, 3]]),
    "equal levels": lambda: statistics.trend([1, 2, 2], [[1, 2, 3], [1, 2, 3]]),
    "a level too many": lambda: statistics.trend([1, 2, 2, 3], [[1, 2, 3], [1, 2, 3]]),
    "level nan": lambda: statistics.trend([1, 2, math.nan], [[1, 2, 3], [1, 2, 3]]),
    "flat": lambda: statistics.trend([1, 2, 3], [1, 2, 3]),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_errors(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()
