"""Variants against the baseline: which are compared, over what, and what holds together."""

import numpy as np
import pytest
import scipy.stats

from claims import Claim, OrderChanges, Trend, alike, beats, every
from claims.comparisons import compare
from claims.looks import alpha_of
from claims.measures import Last
from claims.verdicts import judge

BASE = {"x": "base"}
ROWS = {
    "base": [0.600, 0.612, 0.604],
    "up": [0.631, 0.641, 0.637],
    "same": [0.602, 0.613, 0.603],
    "down": [0.573, 0.581, 0.576],
}


def by_name(values):
    return {variant.name.removeprefix("x="): value for variant, value in values.items()}


@pytest.fixture
def compared(run_of):
    """compared(rows, tests, ...): of such a run, with claims of these tests."""

    def make(rows, *tests, **study):
        run = run_of(rows, **{"baseline": BASE} | study)
        verdicts = [judge(Claim(id="c", says="?", test=test), [run]) for test in tests]
        return compare(run, run.variants, verdicts)

    return make


def half(difference):
    return (difference.high - difference.low) / 2


@pytest.mark.parametrize("baseline", [{"x": "other"}, None, {"lr": 1}])
def test_without_one_variant_as_the_baseline_nothing_is_compared(compared, baseline):
    assert compared(ROWS, baseline=baseline) is None


def test_a_baseline_that_several_variants_have_is_none(made_run, made_trial):
    metrics = {"test/accuracy": 0.5}
    twice = [made_trial({**BASE, "lr": lr}, metrics=metrics) for lr in (1, 2)]
    run = made_run(twice, baseline=BASE)
    assert compare(run, run.variants) is None and compare(run, []) is None


def test_without_a_named_baseline_the_first_variant_is_it(compared):
    result = compared({"first": [0.5, 0.6], "base": [0.6, 0.8]}, baseline={})
    assert result.baseline.name == "x=first" and [*by_name(result.differences)] == ["base"]


def test_differences_are_paired_by_seed_whatever_the_order_of_trials(made_run, made_trial):
    seeds = {"base": [0.5, 0.6, 0.7], "up": [0.53, 0.62, 0.74]}
    trials = {
        x: [made_trial({"x": x}, s, metrics={"test/accuracy": v}) for s, v in enumerate(values)]
        for x, values in seeds.items()
    }
    run = made_run([*trials["base"], *trials["up"][::-1]], baseline=BASE)
    result = compare(run, run.variants)
    up = by_name(result.differences)["up"]
    alpha = alpha_of(run.study, "s")
    alone = scipy.stats.ttest_rel(seeds["up"], seeds["base"])
    assert result.baseline.name == "x=base" and up.estimate == pytest.approx(0.03)
    assert (up.low, up.high) == pytest.approx(tuple(alone.confidence_interval(1 - alpha)))
    assert up.p == pytest.approx(alone.pvalue, rel=1e-3)
    assert (up.confidence, up.seeds, up.images) == (1 - alpha, 3, None) and not up.declared


def test_variants_of_a_sweep_tell_the_spread_of_each_other(compared, run_of):
    """What is left of the table without its means of variants and of seeds, by least squares."""
    result = by_name(compared({x: ROWS[x] for x in ("base", "up", "same")}).differences)
    table = np.array([ROWS[x] for x in ("base", "up", "same")])
    design = np.array([[*np.eye(3)[v], *np.eye(3)[s][1:]] for v in range(3) for s in range(3)])
    _, (left,), *_ = np.linalg.lstsq(design, table.ravel(), rcond=None)
    error = np.sqrt(left / 4 * 2 / 3)
    for difference in result.values():
        assert (difference.spread.seeds, difference.spread.df) == pytest.approx((error, 4))
    pair = by_name(compared({x: ROWS[x] for x in ("base", "up")}).differences)["up"]
    assert pair.spread.df == 2 and half(result["up"]) < half(pair)


def test_a_variant_of_another_sweep_tells_nothing_of_their_spread(made_run, made_trial):
    trials = [
        made_trial({"x": x}, seed, sweep="t" if x == "same" else "s",
                   metrics={"test/accuracy": value})
        for x in ("base", "up", "same") for seed, value in enumerate(ROWS[x])
    ]  # fmt: skip
    run = made_run(trials, baseline=BASE)
    assert by_name(compare(run, run.variants).differences)["up"].spread.df == 2


def test_comparisons_hold_together(compared):
    """Dunnett's test: wider than each alone, and narrower than an equal part of alpha for each."""
    result = by_name(compared(ROWS).differences)
    assert [*result] == ["up", "same", "down"]
    for difference in result.values():
        alpha, spread = 1 - difference.confidence, difference.spread
        one, third = (
            scipy.stats.t.isf(a / 2, spread.df) * spread.seeds for a in (alpha, alpha / 3)
        )
        assert one < half(difference) < third


def test_one_that_spreads_more_is_judged_by_its_own_spread_and_by_itself(compared):
    rows = ROWS | {"wild": [0.50, 0.75, 0.61]}
    result = by_name(compared(rows).differences)
    wild = result["wild"]
    # The baseline's part of it is small.
    alone = scipy.stats.sem(np.subtract(rows["wild"], rows["base"]))
    assert wild.spread.seeds == pytest.approx(alone, rel=0.15) and wild.spread.df < 4
    # Of four comparisons each has an equal part of what all may err with.
    assert (wild.spread.comparisons, wild.spread.share) == (1, 0.25)
    others = [other for x, other in result.items() if x != "wild"]
    assert [(one.spread.comparisons, one.spread.share) for one in others] == [(3, 0.75)] * 3
    assert all(half(other) < half(wild) / 2 for other in others)


def test_a_baseline_that_spreads_more_keeps_all_together(compared):
    """It is in every comparison: each by itself would blind the page."""
    result = by_name(compared(ROWS | {"base": [0.50, 0.75, 0.61]}).differences)
    assert {one.spread.comparisons for one in result.values()} == {3}
    before = by_name(compared(ROWS).differences)
    assert all(half(one) > 2 * half(before[x]) for x, one in result.items())


def test_one_whose_networks_died_is_judged_by_itself(compared):
    """Over the seeds where both trained; how many died is said elsewhere."""
    rows = {x: [*values, 0.6 + i / 100] for i, (x, values) in enumerate(ROWS.items())}
    rows["down"][1] = "diverged"
    result = by_name(compared(rows).differences)
    seeds = [0, 2, 3]
    both = ([rows[x][seed] for seed in seeds] for x in ("down", "base"))
    alpha = (1 - result["down"].confidence) / 3
    alone = scipy.stats.ttest_rel(*both).confidence_interval(1 - alpha)
    assert result["down"].seeds == 3 and result["up"].seeds == 4
    assert (result["down"].low, result["down"].high) == pytest.approx(tuple(alone))
    assert result["up"].spread.df == result["same"].spread.df == 6  # without it


def test_a_difference_that_a_claim_declares_is_the_claims_own(compared):
    """On a page there is one interval a comparison; what is not declared shares the rest."""
    test = beats("s", {"x": "up"}, BASE)
    every_row, with_claim = compared(ROWS), compared(ROWS, test)
    before, after = by_name(every_row.differences), by_name(with_claim.differences)
    assert [*before] == [*after]
    assert {x: d.declared for x, d in after.items()} == {"up": True, "same": False, "down": False}
    for x in after:
        assert after[x].estimate == before[x].estimate
        assert half(after[x]) < half(before[x])  # alone, or two together where there were three


def test_a_declared_difference_is_that_of_the_verdict_whichever_way_it_is_named(run_of):
    run = run_of(ROWS, baseline=BASE)
    up, down = ({"x": x} for x in ("up", "down"))
    test = every([beats("s", BASE, up), alike("s", down, BASE, 0.02)])
    verdict = judge(Claim(id="c", says="?", test=test), [run])
    result = by_name(compare(run, run.variants, [verdict]).differences)
    first, second = (finding.effect for finding in verdict.findings)
    assert result["up"].declared and result["down"].declared
    assert (result["up"].low, result["up"].high) == (-first.high, -first.low)
    assert result["up"].estimate == -first.estimate and result["up"].p == first.p
    assert (result["down"].low, result["down"].high) == (second.low, second.high)


@pytest.mark.parametrize(
    "test",
    [
        beats("s", {"x": "up"}, {"x": "down"}),  # not with the baseline
        beats("s", {"x": "none"}, BASE),  # which the run does not have
        Trend(sweep="s", over="x", rises=True),
    ],
)
def test_what_a_claim_says_of_others_declares_nothing(compared, test):
    assert not any(one.declared for one in compared(ROWS, test).differences.values())


def test_a_claim_on_another_number_declares_nothing(made_run, made_trial):
    trials = [
        made_trial({"x": x}, seed, metrics={"test/accuracy": value, "train/accuracy": value / 2})
        for x in ("base", "up") for seed, value in enumerate(ROWS[x])
    ]  # fmt: skip
    run = made_run(trials, baseline=BASE)
    test = beats("s", {"x": "up"}, BASE, on=Last(metric="train/accuracy"))
    verdict = judge(Claim(id="c", says="?", test=test), [run])
    assert verdict.findings[0].effect is not None
    assert not by_name(compare(run, run.variants, [verdict]).differences)["up"].declared


def test_an_order_that_changes_declares_its_difference_too(run_of):
    run = run_of(ROWS, baseline=BASE)
    claim = Claim(id="c", says="?", test=OrderChanges(sweep="s", of={"x": "up"}, to=BASE))
    result = by_name(compare(run, run.variants, [judge(claim, [run])]).differences)
    assert result["up"].declared and not result["same"].declared


def test_sweeps_share_what_all_may_err_with(made_run, made_trial):
    """One of two sweeps with a comparison each has half of it; a declared one needs none."""
    trials = [
        made_trial(settings, seed, sweep=sweeps, metrics={"test/accuracy": ROWS[x][seed]})
        for x, settings, sweeps in (
            ("base", {"x": "base", "y": 1}, ("s", "t")),
            ("up", {"x": "up", "y": 1}, "s"),
            ("down", {"x": "base", "y": 2}, "t"),
        )
        for seed in range(3)
    ]
    run = made_run(trials, baseline={"x": "base", "y": 1}, sweeps={"s": ("x",), "t": ("y",)})
    up, down = compare(run, run.variants).differences.values()
    for one, row in ((up, "up"), (down, "down")):
        alpha = (1 - one.confidence) / 2
        alone = scipy.stats.ttest_rel(ROWS[row], ROWS["base"]).confidence_interval(1 - alpha)
        assert (one.low, one.high) == pytest.approx(tuple(alone))
    claim = Claim(id="c", says="?", test=beats("s", {"x": "up"}, {"x": "base"}))
    up, other = compare(run, run.variants, [judge(claim, [run])]).differences.values()
    assert up.declared and half(other) < half(down)


def test_what_cannot_be_compared_is_named_with_the_reason(compared):
    rows = {
        "base": [0.5, 0.6, None],
        "whole": [0.6, 0.75, 0.8],
        "once": [None, 0.6],
        "elsewhere": [None, None, 0.6],
    }
    result = compared(rows)
    assert by_name(result.differences)["whole"].seeds == 2  # those of the baseline
    assert by_name(result.left_out) == {
        "once": "of 2 seeds one alone is left in all that is compared",
        "elsewhere": "of 3 seeds none is left in all that is compared",
    }
    tied = compared({"base": [0.5, 0.6], "tied": [0.51, 0.61]})
    assert by_name(tied.left_out) == {"tied": "all 2 seeds come to the same +1 points"}


def test_networks_that_died_are_compared_with_nothing(compared):
    died = ["at chance"] * 3
    rows = {"base": ROWS["base"], "up": ROWS["up"], "dead": died, "lost": ["diverged"] * 3}
    result = compared(rows, images=1_000)
    assert [*by_name(result.differences)] == ["up"]
    assert by_name(result.left_out) == dict.fromkeys(("dead", "lost"), "its networks died")
    once = compared({"base": ROWS["base"], "up": [0.63, "diverged", "diverged"]}, images=1_000)
    assert by_name(once.left_out) == {"up": "fewer than two seeds trained in both"}
    dead = compared({"base": died, "up": ROWS["up"]}, images=1_000)
    assert by_name(dead.left_out) == {"up": "the baseline's networks died"}


def test_the_metric_is_the_outcome_of_the_study(compared):
    rows = {"base": [0.5, 0.6], "up": [0.6, 0.8]}
    result = compared(rows, on="test/rmse")
    assert result is None  # of a study that chooses by accuracy, which was not measured


def test_any_metric_is_compared_in_its_own_unit(made_run, made_trial):
    rows = {"base": [2.5, 2.6], "up": [2.6, 2.8]}
    trials = [
        made_trial({"x": x}, seed, metrics={"val/rmse": value})
        for x, values in rows.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    run = made_run(trials, metric="val/rmse", baseline=BASE)
    result = compare(run, run.variants)
    assert result.metric == "val/rmse"
    assert by_name(result.differences)["up"].estimate == pytest.approx(0.15)


def test_one_seed_is_compared_over_its_test_images_and_not_without(compared):
    rows = {"base": [0.6], "up": [0.75], "same": [0.61]}
    result = compared(rows, images=2_000)
    up, same = by_name(result.differences).values()
    assert up.seeds == same.seeds == 1 and up.images == 2_000
    assert up.low > 0.0 and same.low < 0.0 < same.high
    bare = compared(rows)
    assert not bare.differences
    assert {*bare.left_out.values()} == {"one seed has no spread to judge by"}


def test_a_chance_tie_of_two_seeds_is_no_finding(made_run, made_trial):
    """Two seeds often differ by the same number of images: t alone would say p = 0."""
    random = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        drawn = np.round(0.5 + 0.005 * random.normal(size=(2, 2)), 2)
        run = made_run(
            [
                made_trial({"x": x}, seed, metrics={"test/accuracy": value})
                for x, values in zip(("base", "up"), drawn, strict=True)
                for seed, value in enumerate(values)
            ],
            baseline=BASE,
        )
        differences = compare(run, run.variants).differences.values()
        found += any(difference.p <= 0.05 for difference in differences)
    assert found / 400 < 0.08
