"""Verdicts and intervals that err as often as they may: the benchmark's studies, but few of them.

Bounds leave room for chance, three standard errors or more; the rates themselves, of many more
studies, stand in claims/README.md.
"""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.error_rates import deaths, families, intervals, looks, verdicts
from benchmarks.error_rates.__main__ import TABLES
from benchmarks.error_rates.runs import Networks, skewed
from benchmarks.error_rates.table import Intervals, Row

README = Path(__file__).parents[2] / "claims" / "README.md"
TINY = verdicts.TINY


def drawn(study, seeds, studies, **how):
    """What so many studies come to."""
    rng = np.random.default_rng(0)
    return np.array([study(rng, seeds, **how) for _ in range(studies)], float)


def test_networks_are_alike_as_said():
    networks = Networks(accuracy=0.5, images=200_000)
    (one, again), (other, _) = networks.right(np.random.default_rng(0), np.zeros((2, 2)))
    within, between = np.mean(one != again), np.mean(one != other)
    assert (one.mean(), within, between) == pytest.approx((0.5, 0.22, 0.26), abs=0.005)
    assert networks.image_part == pytest.approx(between - within, abs=0.005)
    assert networks.network_part == pytest.approx(within / 2, abs=0.003)
    shifted = networks.right(np.random.default_rng(0), np.full((1, 1), 0.02))
    assert shifted.mean() == pytest.approx(0.52, abs=0.005)


def test_skewed_noise_has_a_skew_of_2():
    noise = skewed(np.random.default_rng(0), (400_000,))
    assert (noise.mean(), noise.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert np.mean(noise**3) == pytest.approx(2.0, abs=0.1)


def test_variants_differ_by_chance_where_seeds_alone_are_asked_and_not_with_images():
    assert drawn(verdicts.differs_by_seeds, 10, 300, networks=TINY).mean() > 0.1
    assert drawn(verdicts.differs, 3, 100, networks=TINY).mean() <= 0.09


@pytest.mark.parametrize(
    ("study", "how"),
    [
        (verdicts.rises, {"epochs": 15}),
        (verdicts.slower, {"sd": 0.01}),
        (verdicts.smoother, {"other": verdicts.fall(20.0, 1.0)}),
        (verdicts.smoother, {"other": verdicts.HIGH_START}),
        (verdicts.one_of_four, {}),
        (verdicts.rises_over_hump, {}),
        (deaths.unlike, {}),
    ],
)
def test_noise_decides_nothing(study, how):
    assert drawn(study, 5, 80, **how).mean() <= 0.12


def test_the_peak_of_a_hump_is_named():
    assert drawn(verdicts.peak_named, 10, 50).mean() >= 0.65


def test_nothing_is_said_for_what_a_seed_of_died():
    assert not drawn(deaths.supported_with_deaths, 3, 60).any()
    better = {"more": deaths.BETTER, "first_dies": False, "second_dies": False}
    assert drawn(deaths.supported, 5, 40, **better).mean() > 0.8


def test_comparisons_with_a_baseline_hold_together_and_are_not_too_wide():
    assert drawn(families.any_differs, 3, 100, variants=5).mean() <= 0.11
    assert drawn(families.any_network_differs, 3, 30, variants=3).mean() <= 0.15
    assert np.median(drawn(families.width, 3, 15)) <= 6.0


@pytest.mark.parametrize("plan", [None, looks.MOST])
def test_looking_again_and_again_does_not_help_what_is_false(plan):
    assert drawn(looks.by_seeds, 12, 80, plan=plan).mean() <= 0.13


@pytest.mark.parametrize(
    ("sds", "noise", "images", "seeds", "studies", "least", "widest"),
    [
        ([1.0] * 2, intervals.normal, 0, 3, 1500, 0.93, 1.95),
        ([1.0] * 5, intervals.normal, 0, 5, 1500, 0.94, 1.3),
        ([1.0] * 3, skewed, 0, 3, 1500, 0.94, 1.9),
        ([1.0] * 3, intervals.normal, 200, 3, 800, 0.94, 1.9),
        ([1.0] * 2, intervals.normal, 2_500, 5, 400, 0.93, 1.4),
        ([3.0] + [1.0] * 4, intervals.normal, 0, 3, 1500, 0.9, 3.0),
    ],
)
def test_intervals_hold_the_truth(sds, noise, images, seeds, studies, least, widest):
    found = drawn(intervals.interval, seeds, studies, noise=noise, sds=sds, images=images)
    assert found[:, 0].mean() >= least
    assert np.median(found[:, 1]) <= widest


def test_other_ways_to_share_a_spread_are_too_narrow():
    rates = {
        rule: drawn(intervals.held_by, 3, 700, half=rule, sds=sds).mean()
        for rule, sds in (
            (intervals.as_here, intervals.EQUAL),
            (intervals.pool_without_those, intervals.EQUAL),
            (intervals.own_if_less_too, intervals.EQUAL),
            (intervals.pool_of_all, intervals.TRIPLED),
        )
    }
    as_here = rates.pop(intervals.as_here)
    assert as_here >= 0.93 and all(rate < as_here for rate in rates.values())


def test_a_cell_that_is_not_as_it_must_be_is_bold():
    row = Row("x", lambda rng, seeds: rng.random() < 0.5, limit=5.0)
    cell = row.drawn(3, 50)
    assert np.array_equal(cell, row.drawn(3, 50)) and not np.array_equal(cell, row.drawn(5, 50))
    assert row.text(3, np.ones(4)) == "**100.0**" and row.text(3, np.zeros(4)) == "0.0"
    both = Intervals(
        "x", lambda rng, seeds: (True, 1.0), least=90.0, since=3, widths={3: 1.9, 5: 1.3}
    )
    wide = np.array([[1.0, 1.5], [0.0, 1.5]])
    assert both.text(2, wide) == "50.0 (1.50)"
    assert both.text(3, wide) == "**50.0** (1.50)"
    assert both.text(10, wide) == "**50.0** (**1.50**)"


def test_every_row_can_be_drawn_and_stands_in_the_readme():
    readme = README.read_text(encoding="utf-8")
    for table in TABLES:
        asked = []
        lines = list(table.lines(1, asked.append))
        assert len(asked) == len(table.rows) == len(lines) - 4
        assert f"**{table.heading}**" in readme
        for row in table.rows:
            assert f"\n| {row.what} | {row.must} |" in readme
