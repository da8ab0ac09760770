"""Plans that hold: differences that are found as often as said, and seeds that suffice."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

from claims import statistics


def _found(seed: int, sd: float, effect: float, seeds: int) -> float:
    """The share of 10,000 studies in which a paired t test finds the effect."""
    drawn = np.random.default_rng(seed).normal(effect, sd, (10_000, seeds))
    return float(np.mean(scipy.stats.ttest_1samp(drawn, 0.0, axis=1).pvalue <= 0.05))


@pytest.mark.parametrize(("seeds", "power"), [(2, 0.8), (3, 0.8), (8, 0.9), (3, 0.06)])
def test_the_smallest_detectable_difference_is_found_with_its_power(
    seeds: int, power: float
) -> None:
    differences = np.random.default_rng(seeds).normal(0.1, 0.02, seeds)
    effect = statistics.smallest_detectable(differences, power)
    sd = float(np.std(differences, ddof=1))
    assert _found(19, sd, effect, seeds) == pytest.approx(
        power, abs=0.03 * math.sqrt(power * (1 - power))
    )
    assert statistics.smallest_detectable(differences + 5, power) == pytest.approx(effect)
    assert statistics.smallest_detectable([0.5] * seeds, power) == 0.0


# The first three are in the tables and calculators of the paired t test.
@pytest.mark.parametrize(
    ("sd", "effect", "expected"), [(1, 0.5, 34), (1, 0.8, 15), (5, 1, 199), (1, -1, 10), (1, 50, 2)]
)
def test_the_seeds_needed_reach_the_power_and_fewer_do_not(
    sd: float, effect: float, expected: int
) -> None:
    assert statistics.seeds_needed(sd, effect) == expected
    assert _found(23, sd, effect, expected) > 0.8 - 0.01
    if expected > 2:
        assert _found(29, sd, effect, expected - 1) < 0.8 + 0.01


WRONG = {
    "plan of one": lambda: statistics.smallest_detectable([0.1]),
    "no power": lambda: statistics.smallest_detectable([0.1, 0.2], 0.05),
    "all power": lambda: statistics.smallest_detectable([0.1, 0.2], 1.0),
    "no alpha": lambda: statistics.seeds_needed(1.0, 1.0, 0.8, 0.0),
    "no effect": lambda: statistics.seeds_needed(1.0, 0.0),
    "no spread": lambda: statistics.seeds_needed(0.0, 1.0),
    "spread nan": lambda: statistics.seeds_needed(math.nan, 1.0),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_errors(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()
