"""A number against a setting: the slope decides, and no step between two values may turn."""

import numpy as np
import pytest
import scipy.stats

from claims import Claim, Trend
from claims.looks import alpha_of, extended
from claims.measures import Last
from claims.verdicts import judge

RISES, FALLS = (Trend(sweep="s", over="x", rises=rises) for rises in (True, False))
LEVELS = (0.1, 1.0, 10.0, 100.0, 1000.0)
SD = 0.01


def rows(heights, seeds, seed=0, levels=LEVELS):
    """Accuracies of levels so many standard deviations high, with seeds that move all of them."""
    random = np.random.default_rng(seed)
    blocks, noise = random.normal(0.0, 0.05, seeds), random.normal(0.0, SD, (len(heights), seeds))
    return {
        level: (0.5 + SD * height + blocks + own).tolist()
        for level, height, own in zip(levels, heights, noise, strict=False)
    }


UP, HUMP, FLAT = (0, 2, 4, 6, 8), (0, 2, 4, 6, 4), (0, 0, 0, 0, 0)


@pytest.mark.parametrize("seeds", [3, 10])
@pytest.mark.parametrize(
    ("heights", "rises", "falls"),
    [
        (UP, "supported", "refuted"),
        (UP[::-1], "refuted", "supported"),
        (FLAT, "undecided", "undecided"),
    ],
)
def test_a_trend_that_rises_does_not_fall(verdict, seeds, heights, rises, falls):
    given = rows(heights, seeds)
    assert verdict(RISES, given).status == rises
    assert verdict(FALLS, given).status == falls


def test_the_slope_is_one_a_level_whatever_the_values_are(verdict, run_of):
    """Each seed has its own line: of three levels that is half of last less first."""
    given = rows(UP, 4, levels=(0.0, 1.0, 1_000.0))
    given = {level: given[level] for level in (1_000.0, 0.0, 1.0)}  # in no order
    effect = verdict(RISES, given).findings[0].effect
    slopes = (np.array(given[1_000.0]) - given[0.0]) / 2
    assert effect.estimate == pytest.approx(slopes.mean())
    # Its spread is what is left of all levels, which is not far from that of these lines.
    alone = scipy.stats.ttest_1samp(slopes, 0.0)
    own = alone.confidence_interval(1 - alpha_of(run_of(given).study, "s"))
    assert (effect.high - effect.low) / (own.high - own.low) == pytest.approx(1.0, rel=0.5)
    assert effect.spread.df == 6 and effect.seeds == 4


def test_it_tells_the_means_in_their_order_and_the_unit(verdict):
    given = {2.0: [0.52, 0.53, 0.54], 1.0: [0.5, 0.51, 0.52], 3.0: [0.54, 0.56, 0.55]}
    (finding,) = verdict(RISES, given).findings
    assert finding.note.startswith("Means at 1, 2, 3: 51, 53, 55 points.")
    assert finding.unit == "points a level" and finding.scale * finding.effect.estimate == (
        pytest.approx(2.0)
    )


def test_a_hump_is_no_trend_and_its_peak_is_named(verdict):
    few = [verdict(RISES, rows(HUMP, 5, seed)).status for seed in range(30)]
    assert few.count("supported") <= 2 and "refuted" not in few
    many = [verdict(RISES, rows(HUMP, 12, seed)) for seed in range(30)]
    refuted = [one for one in many if one.status == "refuted in part"]
    assert len(refuted) >= 26 and "supported" not in {one.status for one in many}
    assert {one.clause for one in refuted} == {"rises to x 100, falls after it"}


@pytest.mark.parametrize(
    ("heights", "test", "clause"),
    [
        ((0, 6, 12, 6, 0), RISES, "rises to x 10, falls after it"),
        ((0, 6, 12, 6, 0), FALLS, "rises to x 10, falls after it"),
        ((12, 6, 0, 6, 12), FALLS, "falls to x 10, rises after it"),
        ((12, 6, 0, 6, 9), RISES, "falls to x 10, rises after it"),
        ((0, 12, 3, 15, 24), RISES, "rises to x 1000, but falls on the way"),
    ],
)
def test_where_a_trend_turns(verdict, heights, test, clause):
    result = verdict(test, rows(heights, 8))
    assert (result.status, result.clause) == ("refuted in part", clause)


@pytest.mark.parametrize(("last", "status"), [(17.0, "undecided"), (17.7, "supported")])
def test_a_step_that_may_go_back_leaves_a_clear_slope_undecided(verdict, last, status):
    """One-sided p of the last step is 0.14, which is no finding and yet a doubt, or 0.37."""
    noise = [[1, -1, 1, -1], [1, 1, -1, -1], [-1, 1, 1, -1], [-1, 1, -1, 1], [-1, -1, 1, 1]]
    heights = (0, 6, 12, 18, last)
    given = {
        x: [0.5 + SD * (height + one) for one in own]
        for x, height, own in zip(LEVELS, heights, noise, strict=True)
    }
    result = verdict(RISES, given)
    assert result.status == status and result.findings[0].effect.low > 0.0
    doubt = "its slope is clear, but a step between two values may go against it"
    assert result.clause == (doubt if status == "undecided" else "")


def test_equal_levels_one_of_which_is_skewed_are_hardly_ever_decided(verdict):
    random, decided, studies = np.random.default_rng(0), 0, 60
    for _ in range(studies):
        noise = 0.01 * random.standard_normal((5, 5))
        noise[2] = 0.03 * (random.exponential(size=5) - 1.0)
        given = {x: (0.6 + row).tolist() for x, row in zip(LEVELS, noise, strict=True)}
        decided += verdict(RISES, given).status != "undecided"
    assert decided <= 0.05 * studies + 3 * (0.05 * 0.95 * studies) ** 0.5


def test_what_is_undecided_says_with_how_many_seeds_such_a_slope_is_clear(verdict, run_of):
    given = {x: [0.5 + h + d for d in (-0.011, 0.001, 0.010)] for x, h in ((1, 0), (2, 0.004))}
    given[3] = [0.500, 0.515, 0.512]
    result = verdict(RISES, given)
    effect = result.findings[0].effect
    alpha = extended(alpha_of(run_of(given).study, "s"))
    assert result.status == "undecided" and effect.seeds == 3

    def clear(seeds):
        """As wide as it would be with so many, of each of which there are as many levels."""
        error, df = effect.spread.seeds * (3 / seeds) ** 0.5, effect.spread.df / 2 * (seeds - 1)
        return scipy.stats.t.isf(alpha / 2, df) * error < effect.estimate

    needed = next(seeds for seeds in range(4, 50) if clear(seeds))
    assert result.clause == f"needs about {needed} seeds"


def test_a_flat_line_could_lie_on_either_side(verdict):
    given = {1: [0.50, 0.52, 0.51], 2: [0.51, 0.50, 0.52], 3: [0.5001, 0.52, 0.51]}
    result = verdict(RISES, given)
    assert (result.status, result.clause) == ("undecided", "could lie on either side")


def test_two_seeds_may_show_a_trend_and_one_may_not(verdict):
    assert verdict(RISES, rows((0, 20, 40, 60, 80), 2)).status == "supported"
    one = verdict(RISES, rows((0, 20, 40, 60, 80), 1))
    assert one.status == "not tested" and "one seed has no spread" in one.findings[0].note


@pytest.mark.parametrize(
    ("among", "status", "levels"),
    [
        ((), "refuted in part", "0.1, 1, 10, 100, 1000"),
        ((0.1, 1.0, 10.0), "supported", "0.1, 1, 10"),
    ],
)
def test_only_the_named_values_count(verdict, among, status, levels):
    test = Trend(sweep="s", over="x", rises=True, among=among)
    result = verdict(test, rows((0, 6, 12, 6, 0), 8))
    assert result.status == status and f"Means at {levels}:" in result.findings[0].note


@pytest.mark.parametrize("value", [None, "auto"])
def test_values_that_are_no_numbers_have_no_trend(verdict, value):
    given = rows(UP, 3) | {value: [0.5, 0.5, 0.6]}
    assert "not a number in every variant" in verdict(RISES, given).findings[0].note


def test_two_values_are_no_trend(verdict):
    result = verdict(RISES, rows(UP[:2], 3), program="python -m studies.toy")
    assert result.status == "not tested"
    assert result.findings[0].note == "a trend needs 3 values of x, and the run has 2."
    assert result.command == "python -m studies.toy --only s --seeds 3"


def test_a_variant_without_the_setting_is_none_of_its_levels(made_run, made_trial):
    given = rows((0, 10, 20), 3)
    settings = [*({"x": x} for x in given), {"y": 1}]
    trials = [
        made_trial(own, seed, metrics={"test/accuracy": value})
        for own, values in zip(settings, [*given.values(), [0.9, 0.88, 0.86]], strict=True)
        for seed, value in enumerate(values)
    ]
    result = judge(Claim(id="c", says="?", test=RISES), [made_run(trials)])
    assert "Means at 0.1, 1, 10:" in result.findings[0].note and result.status == "supported"


def test_several_variants_at_one_value_are_refused(made_run, made_trial):
    trials = [
        made_trial({"x": x, "k": k}, seed, metrics={"test/accuracy": x / 10})
        for x in (1.0, 2.0, 3.0) for k in "ab" for seed in range(3)
    ]  # fmt: skip
    result = judge(Claim(id="c", says="?", test=RISES), [made_run(trials)])
    assert result.status == "not tested" and "said of 2 variants" in result.findings[0].note
    where = Trend(sweep="s", over="x", rises=True, where={"k": "a"})
    assert (
        "said of"
        not in judge(Claim(id="c", says="?", test=where), [made_run(trials)]).findings[0].note
    )


def test_a_value_of_which_no_trial_finished_is_named(verdict):
    given = rows(UP, 3) | {9.0: ["failed"] * 3}
    result = verdict(RISES, given)
    assert result.status == "supported" and "No trial finished at 9." in result.findings[0].note


def with_dead(level, count=3, seeds=3):
    given = rows(UP, seeds)
    given[level][:count] = ["at chance"] * count
    return given


def test_a_level_that_nobody_expected_to_die_supports_no_trend(verdict):
    """At chance the lowest level is lowest, so that it rises either way."""
    result = verdict(RISES, with_dead(0.1), images=20_000)
    assert (result.status, result.clause) == ("undecided", "3 of 3 seeds of x=0.1 died")
    assert "Died: 3 of 3 seeds of x=0.1." in result.findings[0].note
    expected = verdict(RISES, with_dead(0.1), images=20_000, may_diverge=(0.1,))
    assert expected.status == "supported"
    # What is shown is the slope over the levels that trained.
    assert "Means at 1, 10, 100, 1000:" in expected.findings[0].note


def test_a_trend_must_hold_with_the_dead_at_chance_too(verdict):
    result = verdict(RISES, with_dead(1000.0), images=20_000, may_diverge=(1000.0,))
    assert result.status == "undecided"
    assert result.clause == "it turns on whether networks that died count"


def test_of_other_numbers_levels_that_died_leave_a_trend_open(verdict):
    loss = Trend(sweep="s", over="x", rises=True, on=Last(metric="val/loss"))
    given = rows(UP, 3) | {0.1: ["diverged"] * 3}
    result = verdict(loss, given, on="val/loss", may_diverge=(0.1,))
    assert result.status == "undecided" and "does not count" in result.clause


def test_where_too_few_levels_trained_those_at_chance_make_the_trend(verdict):
    """Of other numbers nothing is known then."""
    given = {x: row for x, row in with_dead(0.1).items() if x in LEVELS[:3]}
    result = verdict(RISES, given, images=20_000, may_diverge=(0.1,))
    assert result.status == "supported" and "Means at 0.1, 1, 10: 10," in result.findings[0].note
    loss = Trend(sweep="s", over="x", rises=True, on=Last(metric="val/loss"))
    given = {0.1: ["diverged"] * 3, 1.0: [0.5, 0.6, 0.7], 2.0: [0.7, 0.8, 0.8]}
    assert verdict(loss, given, on="val/loss").clause == (
        "networks died, which val/loss does not count"
    )


def test_levels_that_all_died_are_no_test(verdict):
    given = {x: ["at chance", "diverged", "diverged"] for x in LEVELS}
    result = verdict(RISES, given, images=1_000)
    assert result.status == "not tested" and result.learnt_nothing
