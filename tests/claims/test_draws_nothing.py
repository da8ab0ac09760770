"""Variants that draw nothing: one trial stands for every seed, and images alone are new."""

import numpy as np
import pytest
import scipy.stats

from claims import Claim, Level, Trend, alike, beats, every
from claims.chances import forecast, hopeless
from claims.comparisons import compare
from claims.evidence import fitting, sample
from claims.looks import alpha_of, blocks
from claims.measures import Last
from claims.verdicts import judge
from reports.differences import amount, amounts, one_seed
from reports.plain_answer import plain_answer
from runs.hits import Hits
from runs.record import TrialAsked

HEAD, SVM, POLY = {"x": "head"}, {"x": "svm"}, {"x": "poly"}
IMAGES = 2_000
LABELS = np.arange(IMAGES) % 4


def said(right, first=0):
    """Predictions with so many right, from an image on."""
    there = (np.arange(IMAGES) - first) % IMAGES < right
    return np.where(there, LABELS, (LABELS + 1) % 4)


@pytest.fixture
def run_of(made_run, made_trial):
    """run_of({"svm": [said(1500)], "head": [...]}): predictions of each seed, or a test metric.

    fixed: what draws nothing.
    """

    def make(rows, fixed=("svm", "poly"), **study):
        trials, asked = [], []
        for x, ends in rows.items():
            for seed, end in enumerate(ends):
                predictions = isinstance(end, np.ndarray)
                value = float(np.mean(end == LABELS)) if predictions else end
                trial = made_trial({"x": x}, seed, metrics={"test/accuracy": value})
                trial.__dict__["hits"] = Hits(LABELS, end) if predictions else None
                trials.append(trial)
                asked.append(
                    TrialAsked(
                        key=trial.key, seed=seed, sweeps=("s",), settings={"x": x},
                        draws=x not in fixed,
                    )
                )  # fmt: skip
        return made_run(trials, trials=tuple(asked), **study)

    return make


def verdict(run, test):
    return judge(Claim(id="c", says="?", test=test), [run])


MACHINES = {"svm": [said(1500)], "poly": [said(1400)]}


def test_two_are_compared_over_images_alone_and_that_decides(run_of):
    found = verdict(run_of(MACHINES), beats("s", SVM, POLY, by=0.02)).findings[0]
    effect = found.effect
    assert found.status == "supported" and "trains" not in found.note
    assert (effect.seeds, effect.images, effect.drawn) == (1, IMAGES, False)
    assert amount(effect) == "2,000 images; nothing is drawn" and not one_seed(effect)
    # 100 images that only one has right, and half an image more on each side.
    error = np.sqrt((100 - 100**2 / IMAGES + 1) / (IMAGES - 1) / IMAGES)
    half = scipy.stats.norm.ppf(0.98) * error  # 96 %, as at every first look
    assert effect.estimate == pytest.approx(0.05)
    assert (effect.low, effect.high) == pytest.approx((0.05 - half, 0.05 + half))


def test_the_same_of_one_seed_that_draws_decides_nothing(run_of):
    found = verdict(run_of(MACHINES, fixed=["svm"]), beats("s", SVM, POLY)).findings[0]
    assert found.status == "undecided" and found.clause.startswith("one seed")
    assert found.effect.drawn and one_seed(found.effect)
    assert amount(found.effect) == "2,000 images of one seed"


def test_an_interval_over_images_alone_can_leave_it_open(run_of):
    rows = {"svm": [said(1500)], "poly": [said(1500, first=20)]}
    found = verdict(run_of(rows), beats("s", SVM, POLY)).findings[0]
    assert (found.status, found.clause) == ("undecided", "could lie on either side")
    assert verdict(run_of(rows), alike("s", SVM, POLY, 0.02)).status == "supported"


def test_without_values_of_images_it_is_not_tested_and_no_command_helps(run_of):
    run = run_of({"svm": [0.7], "poly": [0.6]})
    result = verdict(run, beats("s", SVM, POLY))
    assert result.status == "not tested" and result.command == ""
    assert "nothing is drawn" in result.findings[0].note


def test_one_stands_for_every_seed_of_what_it_is_compared_with(run_of):
    ends = [0.75, 0.78, 0.82]
    run = run_of({"head": ends, "svm": [0.7]})
    effect = verdict(run, beats("s", HEAD, SVM)).findings[0].effect
    test = scipy.stats.ttest_1samp(np.array(ends) - 0.7, 0.0)
    interval = test.confidence_interval(0.96)
    assert (effect.seeds, effect.images, effect.drawn) == (3, None, True)
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high))
    assert effect.p == pytest.approx(test.pvalue, rel=1e-3)
    assert amount(effect) == "3 seeds only"


def test_images_are_paired_with_those_of_every_seed(run_of):
    run = run_of({"head": [said(1600), said(1620), said(1610)], "svm": [said(1500)]})
    effect = verdict(run, beats("s", HEAD, SVM)).findings[0].effect
    assert amount(effect) == "3 seeds, 2,000 images"
    assert effect.estimate == pytest.approx(0.055)
    assert effect.from_seeds > 0 and effect.from_images > 0


def test_one_seed_of_what_draws_decides_nothing_beside_it(run_of):
    run = run_of({"head": [said(1600)], "svm": [said(1500)]})
    assert verdict(run, beats("s", HEAD, SVM)).status == "undecided"
    assert verdict(run, beats("s", SVM, HEAD)).status == "undecided"


def test_what_never_changes_has_no_part_in_a_spread_that_others_share(run_of):
    wide, narrow = [0.7, 0.8, 0.9], [0.72, 0.73, 0.71]
    whole = run_of({"head": wide, "other": narrow, "third": [0.5, 0.52, 0.54], "svm": [0.7]})
    alone = run_of({"head": wide, "other": narrow, "third": [0.5, 0.52, 0.54]})
    test = beats("s", HEAD, {"x": "other"})
    assert verdict(whole, test).findings[0].effect == verdict(alone, test).findings[0].effect
    two = run_of({"head": wide, "svm": [0.7]})
    one, same = (verdict(run, beats("s", HEAD, SVM)).findings[0].effect for run in (whole, two))
    assert one == same


def test_the_comparison_says_the_same(run_of):
    rows = {"head": [said(1600), said(1625), said(1590)], **MACHINES}
    run = run_of(rows, baseline=SVM)
    compared = compare(run, run.variants)
    by_name = {variant.settings["x"]: one for variant, one in compared.differences.items()}
    assert by_name.keys() == {"head", "poly"}
    assert (by_name["head"].seeds, by_name["head"].drawn) == (3, True)
    assert (by_name["poly"].seeds, by_name["poly"].drawn) == (1, False)
    assert amounts(compared.differences.values()) == (
        "3 seeds, 2,000 images or 2,000 images; nothing is drawn"
    )
    told = plain_answer(run, compared, run.variants)
    assert "Clearly worse than x=svm: x=poly" in told


def test_a_level_and_a_trend_are_decided_over_images(run_of):
    rows = {c: [said(right)] for c, right in ((0.1, 1200), (1, 1350), (10, 1500))}
    run = run_of(rows, fixed=rows)
    assert verdict(run, Trend(sweep="s", over="x", rises=True)).status == "supported"
    assert verdict(run, Trend(sweep="s", over="x", rises=False)).status == "refuted"
    level = Level(sweep="s", of={"x": 10}, on=Last(metric="test/accuracy"), within=((0.6, None),))
    assert verdict(run, level).status == "supported"


def test_one_at_chance_died_and_no_other_seed_lives(run_of):
    run = run_of({"svm": [said(1500)], "poly": [np.zeros(IMAGES, np.int64)]})
    result = verdict(run, beats("s", POLY, SVM))
    assert result.status == "refuted" and "Died: 1 of 1" in result.findings[0].note
    loss = Last(metric="test/loss")
    assert verdict(run, beats("s", POLY, SVM, on=loss)).command == ""


def test_no_more_seeds_are_worth_while_for_what_draws_nothing(run_of):
    rows = {"svm": [said(1500)], "poly": [said(1500, first=20)]}
    heads = {"head": [said(right) for right in (1510, 1600, 1530)]}
    machines, head = beats("s", SVM, POLY), beats("s", HEAD, SVM, by=0.005)
    alone, beside = run_of(rows), run_of({**rows, **heads})
    assert hopeless(verdict(alone, machines), alone, 12)
    assert hopeless(verdict(beside, machines), beside, 12)
    assert verdict(beside, head).status == "undecided"
    # One part that holds already, and whose other part seeds may decide.
    both = every([alike("s", SVM, POLY, 0.02), head])
    assert not hopeless(verdict(beside, both), beside, 12)


def test_its_chance_is_the_same_for_any_number_of_seeds(run_of):
    claim = Claim(id="c", says="?", test=beats("s", SVM, POLY))
    found = forecast(claim, run_of(MACHINES), {3: 0.04, 10: 0.04})
    assert found.chances[3] == found.chances[10]
    assert 0.5 < found.chances[3].likely <= 1.0


def test_it_counts_for_every_seed_of_a_look_and_what_failed_for_none(run_of, made_run, made_trial):
    run = run_of({"head": [0.5, 0.6, 0.7], "svm": [0.6]})
    assert blocks(run.study, "s") == {0, 1, 2}
    assert blocks(run_of(MACHINES).study, "s") == frozenset()
    assert alpha_of(run_of(MACHINES).study, "s") == pytest.approx(0.04)
    failed = made_trial(SVM, status="failed", diverged=False)
    asked = TrialAsked(key=failed.key, seed=0, sweeps=("s",), settings=SVM, draws=False)
    lost = made_run([failed], trials=(asked,))
    assert sample(lost, "s", fitting(lost, "s", SVM)[0], "").ended == {}
