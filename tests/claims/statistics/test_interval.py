"""Intervals: Student's where seeds alone vary, one with the p-value, and planned as they come."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from claims.statistics.interval import Spread, interval

SIZES = st.floats(1e-4, 10.0)
SPREADS = st.builds(
    Spread,
    seeds=st.one_of(st.just(0.0), SIZES),
    df=st.integers(1, 64).map(float),
    images=st.one_of(st.just(0.0), SIZES),
    least=SIZES,
    comparisons=st.sampled_from([1, 2, 5]),
    share=st.sampled_from([1.0, 0.25]),
)
LEVELS = st.sampled_from([0.05, 0.04, 0.008, 0.0016])


def test_an_interval_over_seeds_alone_is_students() -> None:
    ours = interval(1.5, Spread(0.3, 4.0), 0.05, 5, None)
    assert (ours.low, ours.high) == pytest.approx(scipy.stats.t(4, 1.5, 0.3).interval(0.95))
    assert ours.p == pytest.approx(2 * scipy.stats.t(4).sf(5.0), rel=1e-3)
    for stray in (0.1, 0.5, 2.0, 30.0):
        assert Spread(0.3, 4.0).p(0.3 * stray) == pytest.approx(
            2 * scipy.stats.t(4).sf(stray), abs=0.08 if stray < 0.2 else 0.0, rel=1e-3
        )


def test_an_interval_over_images_alone_is_normal() -> None:
    ours = interval(0.1, Spread(0.0, 1.0, images=0.02, least=0.02), 0.04, 1, 900)
    assert (ours.low, ours.high) == pytest.approx(scipy.stats.norm(0.1, 0.02).interval(0.96))
    assert ours.p == pytest.approx(2 * scipy.stats.norm.sf(5.0), rel=1e-3)


def test_squares_of_half_widths_add_up() -> None:
    spread = Spread(0.3, 2.0, images=0.4, least=0.41)
    seeds, images = 4.302653 * 0.3, 1.959964 * 0.4
    assert float(spread.half(0.05)) == pytest.approx(math.hypot(seeds, images))
    told = interval(1.0, spread, 0.05, 3, 100)
    assert (told.from_seeds, told.from_images) == pytest.approx((seeds, images))


@settings(deadline=None, max_examples=60)
@given(SPREADS, LEVELS, st.floats(0.0, 30.0))
def test_an_interval_excludes_0_exactly_if_p_is_small_enough(
    spread: Spread, alpha: float, stray: float
) -> None:
    found = interval(stray, spread, alpha, 3, 100)
    assume(abs(found.p / alpha - 1.0) > 2e-3)  # to which p is told
    assert found.excludes_zero == (found.p <= alpha)


@settings(deadline=None, max_examples=60)
@given(SPREADS, LEVELS, st.floats(-5.0, 5.0))
def test_the_other_way_round_is_the_mirror_image(
    spread: Spread, alpha: float, stray: float
) -> None:
    forth, back = (interval(sign * stray, spread, alpha, 3, 100) for sign in (1, -1))
    assert (back.low, back.high, back.p) == (-forth.high, -forth.low, forth.p)
    assert back == forth.negative and forth.negative.negative == forth


@settings(deadline=None, max_examples=60)
@given(SPREADS, LEVELS)
def test_no_interval_is_narrower_than_images_alone_imply(spread: Spread, alpha: float) -> None:
    least = replace(spread, seeds=0.0, images=spread.least)
    assert float(spread.half(alpha)) >= float(least.half(alpha))


@settings(deadline=None, max_examples=60)
@given(SPREADS, st.integers(2, 20), st.integers(1, 20))
def test_more_seeds_narrow_an_interval_and_what_it_can_find(
    spread: Spread, now: int, more: int
) -> None:
    wider = replace(spread, comparisons=1)
    narrower = wider.with_seeds(now, now + more)
    assert float(narrower.half(0.05)) <= float(wider.half(0.05)) * (1 + 1e-3)
    assert narrower.detectable(0.05) <= wider.detectable(0.05) * (1 + 1e-3)
    back = narrower.with_seeds(now + more, now)
    assert (back.seeds, back.df) == pytest.approx((wider.seeds, wider.df))


def test_more_seeds_add_degrees_of_freedom_for_each_variant() -> None:
    pooled = Spread(0.3, 3.0 * 2.0, images=0.1, least=0.1)  # of four variants with three seeds
    more = pooled.with_seeds(3, 12)
    assert more.seeds == pytest.approx(0.15) and (more.df, more.images) == (33.0, 0.1)


@settings(deadline=None, max_examples=60)
@given(SPREADS, st.floats(0.0, 5.0))
def test_a_smaller_level_widens_and_a_larger_stray_is_less_likely(
    spread: Spread, stray: float
) -> None:
    halves = spread.half(np.array([0.5, 0.05, 0.04, 0.001]))
    assert np.all(np.diff(halves) >= 0.0)
    assert 0.0 <= spread.p(stray + 0.1) <= spread.p(stray) <= 1.0


def test_a_part_of_a_family_has_its_share_of_the_level() -> None:
    alone = Spread(0.3, 6.0)
    assert float(replace(alone, share=0.25).half(0.04)) == float(alone.half(0.01))
    assert replace(alone, share=0.25).p(1.0) == pytest.approx(4 * alone.p(1.0), rel=2e-3)


def test_p_of_another_value_is_how_far_that_lies() -> None:
    found = interval(0.05, Spread(0.01, 4.0), 0.05, 5, None)
    assert found.p_at(0.0) == found.p
    assert found.p_at(0.02) == pytest.approx(2 * scipy.stats.t(4).sf(3.0), rel=1e-3)
    assert found.p_at(0.05) == 1.0


def test_no_interval_reaches_what_cannot_be() -> None:
    found = interval(0.99, Spread(0.1, 2.0), 0.05, 3, None, possible=(0.0, 1.0))
    assert found.high == 1.0 and found.low == pytest.approx(0.99 - 4.302653 * 0.1)


def test_without_any_spread_only_what_is_0_can_be() -> None:
    nothing = Spread(0.0, 1.0)
    assert nothing.p(0.0) == 1.0 and nothing.p(0.1) == 0.0


@pytest.mark.parametrize("seeds", [3, 5, 10, 30])
def test_what_is_detectable_is_found_about_four_times_in_five(seeds: int) -> None:
    known = Spread(1.0 / math.sqrt(seeds), seeds - 1.0)
    effect = known.detectable(0.05)
    drawn = np.random.default_rng(seeds).normal(effect, 1.0, (4000, seeds))
    found = np.mean(scipy.stats.ttest_1samp(drawn, 0.0, axis=1).pvalue <= 0.05)
    assert 0.75 < found < 0.86  # of few seeds it is rough
    assert TTestPower().power(effect, seeds, 0.05) == pytest.approx(found, abs=0.02)


def test_what_is_detectable_on_images_is_found_four_times_in_five() -> None:
    known = Spread(0.0, 1.0, images=0.01, least=0.01)
    effect = known.detectable(0.04, power=0.8)
    drawn = np.random.default_rng(0).normal(effect, 0.01, 10_000)
    assert np.mean(np.abs(drawn) > float(known.half(0.04))) == pytest.approx(0.8, abs=0.015)
    assert known.detectable(0.04, power=0.9) > effect
