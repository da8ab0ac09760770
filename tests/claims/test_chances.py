"""Chances that hold: claims are decided as often as was said, and given up where that is seldom."""

import numpy as np
import pytest
import scipy.stats

from claims import Claim, Differs, Level, OrderChanges, Trend, alike, beats, every
from claims.aim import ends
from claims.chances import forecast, hopeless, levels
from claims.looks import ALPHA, planned
from claims.measures import ACCURACY, Last
from claims.needs import Missing
from claims.statistics.interval import Spread
from claims.statistics.odds import at_bound, odds
from claims.verdicts import judge

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}
PLAIN = levels((3, 5, 10))
LOSS = Last(metric="val/loss")


def claim(test):
    return Claim(id="c", says="?", test=test)


@pytest.fixture
def made(made_run, made_trial):
    """A run of variants, by the value of x, with a number for each seed."""

    def run(rows, metric="test/accuracy", most=None, died=(), **study):
        trials = [
            made_trial(
                {"x": x},
                seed,
                metrics={metric: value},
                status="failed" if (x, seed) in died else "finished",
            )
            for x, values in rows.items()
            for seed, value in enumerate(values)
        ]
        seeds = max(map(len, rows.values()))
        return made_run(
            trials,
            asked={"seeds": seeds, "max_seeds": most},
            trials=[
                {"key": t.key, "seed": t.seed, "sweeps": t.sweeps, "settings": t.settings}
                for t in trials
            ],
            **study,
        )

    return run


def spread_by(sd, seeds, mean=0.0):
    """Numbers with exactly this mean and standard deviation."""
    drawn = np.random.default_rng(7).normal(size=seeds)
    return mean + sd * (drawn - drawn.mean()) / drawn.std(ddof=1)


def t_tests(values, bound):
    """p-values of t tests over seeds, the last axis, and on which side of the bound they lie."""
    found = scipy.stats.ttest_1samp(values, bound, axis=-1)
    return found.pvalue, found.statistic > 0.0


@pytest.mark.parametrize(
    ("region", "mean"),
    [
        ([(0.0, None)], 0.02),
        ([(-0.02, 0.02)], 0.0),
        ([(-0.02, 0.02)], 0.05),
        ([(-0.15, -0.05), (0.05, 0.15)], 0.1),
        ([(None, -0.01), (0.01, None)], 0.0),
    ],
)
@pytest.mark.parametrize(
    "spread", [Spread(0.01, 2), Spread(0.004, 4, 0.003, 0.004), Spread(0.006, 9, 0.002, 0.008)]
)
def test_the_odds_are_the_share_of_intervals_that_lie_there(region, mean, spread):
    random, count = np.random.default_rng(3), 40_000
    error = float(np.hypot(spread.seeds, spread.images))
    drawn = random.normal(mean, error, count)
    scales = np.sqrt(random.chisquare(spread.df, count) / spread.df)
    half, wider = spread.half(0.04, scales), spread.half(0.01, scales)
    places = ends(region)
    inside = np.any([(low < drawn - half) & (drawn + half < high) for low, high in places], 0)
    outside = np.all([(drawn + wider <= low) | (high <= drawn - wider) for low, high in places], 0)
    told = odds(places, mean, error, spread, 0.04, 0.01)
    for share, found in ((told.inside, inside), (told.outside, outside)):
        noise = np.sqrt(share * (1 - share) / count)
        assert share == pytest.approx(np.mean(found), abs=0.0005 + 4 * noise)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("by", [0.0, 0.03])
def test_a_chance_is_the_share_of_runs_whose_t_test_decides(made, seeds, by):
    """The truth is 2 points, or twice the margin; the spread that of the run."""
    run = made({"a": 0.7 + spread_by(0.02, 4), "b": [0.7] * 4})
    found = forecast(claim(beats("s", A, B, by=by)), run, PLAIN)
    assert found.supposing == f"they differ by {6 if by else 2} points"
    new = np.random.default_rng(1).normal(2 * by or 0.02, 0.02, (20_000, seeds))
    p, _ = t_tests(new, by)
    assert found.chances[seeds].likely == pytest.approx(np.mean(p <= 0.04), abs=0.015)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_a_claim_of_no_difference_is_judged_as_if_there_were_none(made, seeds):
    run = made({"a": 0.7 + spread_by(0.012, 4), "b": [0.7] * 4})
    found = forecast(claim(alike("s", A, B, margin=0.02)), run, PLAIN)
    assert found.supposing == "nothing differs"
    new = np.random.default_rng(2).normal(0.0, 0.012, (20_000, seeds))
    (p_low, above), (p_high, over) = t_tests(new, -0.02), t_tests(new, 0.02)
    within = (p_low < 0.04) & above & (p_high < 0.04) & ~over
    outside = ((p_low < 0.04) & ~above) | ((p_high < 0.04) & over)
    share = np.mean(within | outside)
    assert found.chances[seeds].likely == pytest.approx(share, abs=0.015)


def test_parts_hold_together_or_one_is_refuted_after_holm(made):
    """A claim whose second part is truly false, as its middle is: 2 points inside is beyond it."""
    run = made({"a": 0.7 + spread_by(0.02, 5), "b": 0.5 + spread_by(0.03, 5)})
    parts = [
        Level(sweep="s", of=A, on=ACCURACY, within=((0.6, None),)),
        Level(sweep="s", of=B, on=ACCURACY, within=((0.4, 0.41),)),
    ]
    found = forecast(claim(every(parts)), run, PLAIN)
    assert found.supposing == "it lies 2 points inside its bound; it is 40.5 points"
    random = np.random.default_rng(4)
    first = t_tests(random.normal(0.62, 0.02, (20_000, 5)), 0.6)
    second = random.normal(0.405, 0.03, (20_000, 5))
    below, above = t_tests(second, 0.4), t_tests(second, 0.41)
    supported = (first[0] < 0.04) & first[1]
    supported &= (below[0] < 0.04) & below[1] & (above[0] < 0.04) & ~above[1]
    refuted = (first[0] < 0.02) & ~first[1]
    refuted |= ((below[0] < 0.02) & ~below[1]) | ((above[0] < 0.02) & above[1])
    assert found.chances[5].likely == pytest.approx(np.mean(supported | refuted), abs=0.01)


TESTS = {
    "pair": beats("s", A, B),
    "alike": alike("s", A, B, margin=0.02),
    "level": Level(sweep="s", of=A, on=ACCURACY, within=((0.6, None),)),
    "several": every([beats("s", A, B), alike("s", B, C, margin=0.05)]),
    "either side": Differs(sweep="s", of=A, to=B, within=((None, -0.01), (0.01, None))),
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_more_seeds_and_less_spread_make_for_more(made, test):
    def chances(sd):
        rows = {x: 0.7 + sd * np.random.default_rng(ord(x)).normal(size=3) for x in "abc"}
        return [*forecast(claim(test), made(rows), PLAIN).chances.values()]

    for noisy, sharp in zip(chances(0.02), chances(0.01), strict=True):
        assert 0.0 <= noisy.low <= noisy.likely <= noisy.high <= 1.0
        assert noisy.likely < sharp.likely
    for one, more in zip(chances(0.01), chances(0.01)[1:], strict=False):
        assert one.likely < more.likely


def test_bounds_of_a_spread_hold_four_times_in_five():
    estimates = np.sqrt(np.random.default_rng(5).chisquare(2, 20_000) / 2)
    assert np.mean(estimates * at_bound(2, 0.8) > 1) == pytest.approx(0.8, abs=0.01)
    assert np.mean(estimates * at_bound(2, 0.2) < 1) == pytest.approx(0.8, abs=0.01)


def test_what_is_not_told_in_points_is_supposed_as_it_was_or_as_one_standard_deviation(made):
    near = made({"a": spread_by(0.1, 4, 1.01), "b": [1.0] * 4}, "val/loss")
    far = made({"a": spread_by(0.1, 4, 1.5), "b": [1.0] * 4}, "val/loss")
    test = claim(Differs(sweep="s", of=A, to=B, on=LOSS, within=((0.0, None),)))
    assert (
        forecast(test, near, PLAIN).supposing == "they differ by one standard deviation over seeds"
    )
    assert forecast(test, far, PLAIN).supposing == "they differ as in the earlier run"
    known = scipy.stats.nct.sf(scipy.stats.t.isf(0.02, 4), 4, np.sqrt(5))
    assert forecast(test, near, PLAIN).chances[5].likely == pytest.approx(known, abs=0.005)


def test_a_trend_is_planned_by_its_slope(made):
    run = made({x: 0.7 + spread_by(0.01, 4) * x for x in (1, 2, 3)})
    found = forecast(claim(Trend(sweep="s", over="x", rises=False)), run, PLAIN)
    assert found.supposing == "its ends differ by 2 points"
    assert 0.04 < found.chances[3].likely < found.chances[10].likely


@pytest.mark.parametrize(
    ("test", "rows", "said"),
    [
        (OrderChanges(sweep="s", of=A, to=B), {"a": [0.7, 0.8], "b": [0.7, 0.6]}, "two data sets"),
        (beats("s", A, C), {"a": [0.7, 0.8], "b": [0.7, 0.6]}, "no x=c"),
        (beats("s", A, B), {"a": [0.7], "b": [0.6]}, "one seed"),
        (beats("s", A, B, on=LOSS), {"a": [0.7, 0.8], "b": [0.7, 0.6]}, "val/loss was not"),
    ],
)
def test_what_a_run_does_not_tell_is_said(made, test, rows, said):
    with pytest.raises(Missing, match=said):
        forecast(claim(test), made(rows), PLAIN)


def test_planned_looks_are_told_at_their_levels_and_share_all_that_may_err():
    looks = levels((3, 5), max_seeds=12)
    assert [*looks] == planned(12) and sum(looks.values()) == pytest.approx(ALPHA)
    assert [*PLAIN] == [3, 5, 10] and [*PLAIN.values()] == pytest.approx([0.04] * 3)


# What is given up before its last look.


def looks_until(seeds, most=12):
    alphas = levels((), most)
    looks = [{"seeds": n, "alpha": alphas[n], "planned": True} for n in alphas if n <= seeds]
    return {"s": looks}


def given_up(made, test, rows, most=12, **more):
    looks = looks_until(len(rows["a" if "a" in rows else 1]), most)
    run = made(rows, most=most, looks=looks, **more)
    return hopeless(judge(claim(test), [run]), run, most)


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.2, 0.3, 0.5, 0.6])
@pytest.mark.parametrize("seeds", [5, 8])
def test_what_is_given_up_is_what_further_seeds_seldom_decide(made, seeds, mean):
    """They are drawn around a truth that is as unsure as these leave it, with little spread."""
    there = spread_by(0.01, seeds, 0.01 * mean)
    random, count = np.random.default_rng(6), 20_000
    sd = 0.01 * at_bound(seeds - 1, 0.2)
    truth = random.normal(0.01 * mean, sd / np.sqrt(seeds), (count, 1))
    further = truth + random.normal(0.0, sd, (count, 12 - seeds))
    p, _ = t_tests(np.hstack([np.broadcast_to(there, (count, seeds)), further]), 0.0)
    share = np.mean(p <= ALPHA * 4 / 12)  # of the last look, from 8 seeds to 12
    assert abs(share - 0.1) > 0.01, "too near to tell"
    rows = {"a": 0.7 + there, "b": [0.7] * seeds}
    assert given_up(made, beats("s", A, B), rows) == (share < 0.1)


@pytest.mark.parametrize(
    ("test", "effect", "sd"),
    [
        (beats("s", A, B), 0.022, 0.02),
        (alike("s", A, B, margin=0.02), 0.0, 0.015),
    ],
)
def test_few_claims_are_given_up_that_all_seeds_would_decide(made, test, effect, sd):
    random, decided, lost = np.random.default_rng(8), 0, 0
    for values in random.normal(0.7 + effect, sd, (40, 12)):
        rows = {"a": values, "b": [0.7] * 12}
        if judge(claim(test), [made(rows, looks=looks_until(12))]).status == "undecided":
            continue
        decided += 1
        early = ({x: own[:seeds] for x, own in rows.items()} for seeds in (3, 5, 8))
        lost += any(given_up(made, test, own) for own in early)
    assert decided > 25 and lost < 4


def test_most_claims_are_given_up_that_no_number_of_seeds_would_decide(made):
    drawn = np.random.default_rng(8).normal(0.7, 0.02, (40, 8))
    lost = [given_up(made, beats("s", A, B), {"a": own, "b": [0.7] * 8}) for own in drawn]
    assert np.mean(lost) > 0.6


NEAR = {"a": [0.7, 0.72, 0.69, 0.71, 0.7], "b": [0.7] * 5}  # nothing, with some spread
CLEAR = {"a": [0.7, 0.72, 0.78, 0.76, 0.8], "b": [0.7] * 5}
OPEN = {"a": [0.7, 0.69, 0.78, 0.76, 0.72], "b": [0.7] * 5}


def test_what_cannot_be_tested_is_given_up_unless_seeds_are_all_that_it_lacks(made):
    assert given_up(made, beats("s", A, C), NEAR)  # there is no c
    assert given_up(made, beats("s", A, B, on=LOSS), NEAR)  # it was not measured
    assert given_up(made, OrderChanges(sweep="s", of=A, to=B), CLEAR)  # one data set
    one = {x: values[:1] for x, values in CLEAR.items()}
    assert not given_up(made, beats("s", A, B), one)
    assert not given_up(made, beats("s", A, B), {"a": [0.71] * 3, "b": [0.7] * 3})  # no spread


def test_what_is_decided_is_not_given_up_and_after_the_last_seed_all_else_is(made):
    decided = {"a": [0.8, 0.81, 0.79, 0.8, 0.8], "b": [0.7] * 5}
    assert not given_up(made, beats("s", A, B), decided)
    assert not given_up(made, beats("s", A, B), OPEN)
    assert given_up(made, beats("s", A, B), OPEN, most=5)


def test_a_part_that_cannot_be_tested_leaves_it_to_the_others_to_refute(made):
    lacking = beats("s", A, C)
    assert given_up(made, every([lacking, beats("s", A, B)]), CLEAR)
    assert not given_up(made, every([lacking, beats("s", B, A)]), CLEAR)


def test_of_a_network_that_died_nothing_can_be_supported(made):
    died = {"died": {("a", 1)}}
    assert judge(claim(beats("s", A, B)), [made(CLEAR, most=12, **died)]).status == "undecided"
    assert given_up(made, beats("s", A, B), CLEAR, **died)
    assert not given_up(made, beats("s", A, B), CLEAR)


def test_a_step_may_still_refute_a_trend_whose_slope_is_none(made):
    """It rises and falls again; in eight seeds neither step is clear."""
    noise = np.random.default_rng(9).normal(0.0, 0.02, (3, 8))
    noise -= noise.mean(1, keepdims=True)
    turning = {x: 0.7 + (0.02 if x == 2 else 0.0) + own for x, own in enumerate(noise, 1)}
    flat = {x: 0.7 + own for x, own in enumerate(noise, 1)}
    test = Trend(sweep="s", over="x", rises=True)
    for rows in (turning, flat):
        assert judge(claim(test), [made(rows, most=12)]).status == "undecided"
    assert given_up(made, test, flat)
    assert not given_up(made, test, turning)
