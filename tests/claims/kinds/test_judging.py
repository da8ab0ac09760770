"""Where a whole interval lies, and why it decides nothing."""

import numpy as np
import pytest
import scipy.stats

from claims import Differs, Level, alike, beats, below
from claims.kinds.judging import judge_interval, p_refuted
from claims.looks import alpha_of, extended
from claims.measures import Last
from claims.statistics.interval import Spread, interval

A, B = {"x": "a"}, {"x": "b"}
ABOVE, WITHIN, OUTSIDE = ((0.05, None),), ((-0.02, 0.02),), ((-0.15, -0.05), (0.05, 0.15))


def effect(estimate, half, alpha=0.04, df=4.0):
    error = half / scipy.stats.t.isf(alpha / 2, df)
    return interval(estimate, Spread(error, df), alpha, seeds=5, images=None)


@pytest.mark.parametrize(
    ("estimate", "half", "region", "status"),
    [
        (0.10, 0.04, ABOVE, "supported"),
        (0.10, 0.06, ABOVE, "undecided"),
        (0.03, 0.04, ABOVE, "undecided"),
        (0.03, 0.01, ABOVE, "refuted"),
        (-0.3, 0.01, ABOVE, "refuted"),
        (0.01, 0.009, WITHIN, "supported"),
        (0.01, 0.02, WITHIN, "undecided"),
        (0.00, 0.50, WITHIN, "undecided"),  # so wide that it knows nothing
        (-0.05, 0.01, WITHIN, "refuted"),
        (0.10, 0.04, OUTSIDE, "supported"),
        (-0.10, 0.04, OUTSIDE, "supported"),
        (0.00, 0.04, OUTSIDE, "refuted"),  # between the two
        (0.00, 0.06, OUTSIDE, "undecided"),
        (0.20, 0.04, OUTSIDE, "refuted"),
        (0.00, 0.12, OUTSIDE, "undecided"),  # over both
    ],
)
def test_where_the_whole_interval_lies_decides(estimate, half, region, status):
    assert judge_interval(effect(estimate, half), region) == status


@pytest.mark.parametrize("region", [ABOVE, WITHIN, OUTSIDE])
def test_its_p_value_is_the_level_at_which_it_would_be_refuted(region):
    for estimate in np.linspace(-0.3, 0.3, 61):
        p = p_refuted(effect(estimate, 0.04), region)
        assert 0.0 <= p <= 1.0
        error = effect(estimate, 0.04).spread.seeds
        for alpha, refuted in ((p * 0.99, False), (min(p * 1.01, 0.9999), p < 0.99)):
            if 1e-9 < alpha < 1.0:
                half = scipy.stats.t.isf(alpha / 2, 4.0) * error
                assert (judge_interval(effect(estimate, half), region) == "refuted") == refuted


NOISE = np.array([-0.011, 0.001, 0.010, 0.012, -0.012])


def pair(gap, seeds=5):
    """Two variants so far apart, whose difference spreads by about a point."""
    base = 0.6 + np.array([0.01, -0.02, 0.03, 0.0, 0.01])
    return {"a": (base + gap + NOISE)[:seeds].tolist(), "b": base[:seeds].tolist()}


@pytest.mark.parametrize(
    ("test", "gap", "clause"),
    [
        (beats("s", A, B, by=0.04), 0.04, "differs from 0, its size is not settled"),
        (alike("s", A, B, 0.02), 0.02, "differs from 0, its size is not settled"),
        (below("s", B, A, on=Last(metric="test/accuracy")), 0.0, "could lie on either side"),
        (beats("s", A, B), -0.0005, "could lie on either side"),
    ],
)
def test_why_a_difference_decides_nothing(verdict, test, gap, clause):
    result = verdict(test, pair(gap))
    assert (result.status, result.clause) == ("undecided", clause)
    assert result.findings[0].detectable > 0.0


def projected(values, alpha, decided, most=50):
    """The fewest seeds of such a mean and such a spread whose t interval decides."""
    mean, sd = np.mean(values), np.std(values, ddof=1)
    for seeds in range(len(values) + 1, most + 1):
        half = scipy.stats.t.isf(alpha / 2, seeds - 1) * sd / seeds**0.5
        if decided(mean - half, mean + half):
            return seeds
    return None


@pytest.mark.parametrize(
    ("test", "gap", "decided"),
    [
        (beats("s", A, B), 0.006, lambda low, _: low > 0.0),
        (beats("s", A, B), 0.005, lambda low, _: low > 0.0),
        (beats("s", A, B), -0.006, lambda _, high: high < 0.0),
        (alike("s", A, B, 0.008), 0.001, lambda low, high: low > -0.008 and high < 0.008),
        (
            Differs(sweep="s", of=A, to=B, within=((-0.2, -0.01), (0.01, 0.2))),
            0.001,
            lambda low, high: low > -0.01 and high < 0.01,  # between the two: refuted
        ),
    ],
)
def test_how_many_seeds_would_decide_if_they_were_as_these_are(verdict, run_of, test, gap, decided):
    rows = pair(gap)
    alpha = extended(alpha_of(run_of(rows).study, "s"))  # as more seeds are another look
    needed = projected(np.subtract(rows["a"], rows["b"]), alpha, decided)
    result = verdict(test, rows)
    assert (result.status, result.clause) == ("undecided", f"needs about {needed} seeds")


def test_what_test_images_leave_open_no_number_of_seeds_decides(verdict):
    """Seeds that agree to the image, and 100 test images."""
    rows = {"a": [0.64, 0.63, 0.64], "b": [0.60, 0.60, 0.60]}
    few = verdict(beats("s", A, B), rows, images=100)
    assert (few.status, few.clause) == ("undecided", "could lie on either side")
    assert verdict(beats("s", A, B), rows, images=20_000).status == "supported"


def test_a_level_is_not_said_to_differ_from_0(verdict):
    """Every accuracy does."""
    level = Level(sweep="s", of=A, on=Last(metric="test/accuracy"), within=((0.6, None),))
    rows = {"a": (0.6 + NOISE).tolist()}
    result = verdict(level, rows)
    assert (result.status, result.clause) == ("undecided", "could lie on either side")
    higher = {"a": (0.606 + NOISE).tolist()}
    assert verdict(level, higher).clause.startswith("needs about ")


def test_what_is_decided_has_no_clause_and_nothing_that_it_could_have_found(verdict):
    for test in (beats("s", A, B), beats("s", B, A)):
        result = verdict(test, pair(0.2))
        assert result.clause == "" and result.findings[0].detectable is None
