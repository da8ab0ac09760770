"""Verdicts: where the whole interval lies decides, and what could not be tested is said."""

import numpy as np
import pytest

import claims
from claims import Claim, Differs, Level, Trend, alike, beats, below, every
from claims.looks import alpha_of
from claims.measures import At, Last
from claims.verdicts import judge
from runs.record import TrialAsked

A, B = {"x": "a"}, {"x": "b"}


def claim(test):
    return Claim(id="c", says="?", test=test)


CLOSE = {"a": [0.701, 0.712, 0.699, 0.705], "b": [0.7, 0.71, 0.7, 0.704]}  # within 0.2 points
FAR = {"a": [0.80, 0.82, 0.79, 0.81], "b": [0.7, 0.71, 0.7, 0.705]}  # 8 to 12.5 points
UNSURE = {"a": [0.80, 0.66, 0.79, 0.71], "b": [0.7, 0.71, 0.7, 0.705]}
OUTSIDE = Differs(sweep="s", of=A, to=B, within=((-0.15, -0.05), (0.05, 0.15)))


@pytest.mark.parametrize(
    ("test", "rows", "status"),
    [
        (beats("s", A, B), FAR, "supported"),
        (beats("s", B, A), FAR, "refuted"),
        (beats("s", A, B), UNSURE, "undecided"),
        (beats("s", A, B, by=0.05), FAR, "supported"),
        (beats("s", A, B, by=0.2), FAR, "refuted"),
        (beats("s", A, B, by=0.1), FAR, "undecided"),  # 10 points lies within
        (alike("s", A, B, 0.02), CLOSE, "supported"),
        (alike("s", A, B, 0.02), FAR, "refuted"),
        (alike("s", A, B, 0.02), UNSURE, "undecided"),
        (OUTSIDE, FAR, "supported"),
        (OUTSIDE, CLOSE, "refuted"),
        (Level(sweep="s", of=A, on=claims.ACCURACY, within=((0.75, None),)), FAR, "supported"),
        (Level(sweep="s", of=B, on=claims.ACCURACY, within=((0.75, None),)), FAR, "refuted"),
        (Level(sweep="s", of=A, on=claims.ACCURACY, within=((0.75, None),)), UNSURE, "undecided"),
    ],
)
def test_a_verdict_is_where_the_whole_interval_lies(verdict, run_of, test, rows, status):
    result = verdict(test, rows)
    assert result.status == status and result.command == "" and not result.learnt_nothing
    (part,) = result.findings
    assert part.effect.seeds == 4 and part.effect.images is None
    assert part.effect.confidence == 1 - alpha_of(run_of(rows).study, "s")
    assert part.effect.low < part.effect.estimate < part.effect.high
    # What could have been found, and why nothing was, is said where nothing was.
    blind = status == "undecided"
    assert (part.detectable is not None) == blind and bool(result.clause) == blind


def test_not_significant_is_never_alike(verdict):
    """The p-value is large, and the claim of no effect is not supported for all that."""
    result = verdict(alike("s", A, B, 0.02), UNSURE)
    assert result.findings[0].effect.p > 0.05
    assert result.status == "undecided"


def test_a_false_claim_of_no_effect_is_supported_at_most_as_often_as_it_says(verdict):
    """A true difference at the margin: at most 2.5 % of studies call it alike (two one-sided)."""
    random, wrong, studies = np.random.default_rng(0), 0, 400
    for _ in range(studies):
        base = 0.7 + 0.02 * random.standard_normal(5)
        of = base + 0.02 + 0.005 * random.standard_normal(5)
        wrong += verdict(alike("s", A, B, 0.02), {"a": of, "b": base}).status == "supported"
    assert wrong / studies < 0.05


TREND = Trend(sweep="s", over="x", rises=True)
NEW, MORE = "--only s --seeds 3", "--resume toy/now --seeds 3"


@pytest.mark.parametrize(
    ("rows", "test", "why", "command"),
    [
        ({"a": [0.5]}, beats("s", A, B), "the run has no x=b in sweep s.", NEW),
        ({"a": [0.5], "b": [0.6]}, beats("s", A, B), "one seed has no spread to judge by.", MORE),
        (
            {"a": [0.5, 0.6], "b": [0.4, 0.5]},
            beats("s", A, B),
            "all 2 seeds come to the same +10 points.",
            MORE,
        ),
        (
            {1.0: [0.5, 0.6], 2.0: [0.5, 0.4]},
            TREND,
            "a trend needs 3 values of x, and the run has 2.",
            NEW,
        ),
        (
            {1.0: [0.5], 2.0: [0.5], 3.0: [0.4]},
            TREND,
            "one seed has no spread to judge by.",
            MORE,
        ),
    ],
)
def test_what_cannot_be_tested_says_why_and_what_would_test_it(verdict, rows, test, why, command):
    result = verdict(test, rows, program="python -m studies.toy")
    assert result.status == "not tested" and result.findings[0].note == why
    assert result.command == f"python -m studies.toy {command}"
    assert result.findings[0].effect is None and not result.learnt_nothing


def test_a_curve_that_was_not_recorded_leads_to_the_option_that_records_it(verdict):
    test = beats("s", A, B, on=At(metric="test_curve/accuracy", share=1))
    result = verdict(test, FAR, settings={"test_curves": False})
    assert result.status == "not tested" and result.command.endswith("--test-curves")


@pytest.mark.parametrize(
    ("rows", "lacking"),
    [
        (FAR, [("a", 4), ("b", 4)]),
        ({"a": [*FAR["a"], "stopped"], "b": FAR["b"]}, [("b", 4)]),
        (FAR | {"c": [0.1, 0.2, "stopped"]}, [("c", 3)]),  # of which nothing is said
    ],
)
def test_while_trials_of_its_sweep_lack_there_is_no_verdict(verdict, rows, lacking):
    """Whoever looks earlier looks more often."""
    test = beats("s", A, B)
    assert verdict(test, FAR).status == "supported"
    asked = sum(map(len, rows.values())) + len(lacking)
    result = verdict(test, rows, lacking=lacking, asked={"seeds": 6},
                     program="python -m studies.toy")  # fmt: skip
    assert result.status == "not tested" and not result.learnt_nothing
    (finding,) = result.findings
    assert finding.effect is None
    assert finding.note == f"2 of {asked} trials have not ended: there is no verdict before that."
    assert result.command == "python -m studies.toy --resume toy/now"


def test_trials_of_other_sweeps_and_those_that_failed_for_good_are_not_waited_for(run_of, made_run):
    run = run_of({"a": [*FAR["a"], "failed"], "b": [*FAR["b"], 0.7]})
    other = TrialAsked(key="other", seed=0, sweeps=("t",), settings={"x": "c"})
    more = made_run(run.trials, sweeps=run.study.sweeps, trials=(*run.study.trials, other))
    result = judge(claim(beats("s", A, B)), [more])
    assert result.status == "supported"
    assert "Left out: x=a seed=4 failed." in result.findings[0].note


def test_seeds_that_only_some_variants_of_a_sweep_were_to_have_are_not_waited_for(verdict):
    """Another sweep may share these, and have more seeds; what they came to has no part in it."""
    result = verdict(beats("s", A, B), FAR, lacking=[("a", 4), ("a", 5)])
    assert result.status == "supported"
    alone = verdict(beats("s", A, B), FAR | {"a": [*FAR["a"], 0.1, "diverged", "failed"]})
    assert alone.findings[0] == result.findings[0]
    one = verdict(beats("s", A, B), {"a": FAR["a"], "b": [0.7]}, program="python -m studies.toy")
    assert one.status == "not tested" and "one seed has no spread" in one.findings[0].note
    assert one.command == "python -m studies.toy --resume toy/now --seeds 3"


def test_each_is_judged_at_its_own_value_of_what_the_study_tunes(made_run, made_trial):
    trials = [
        made_trial(
            {"x": x, "lr": lr}, seed, metrics={"val/accuracy": 1 - abs(lr - own), "test/accuracy":
                                               0.9 - abs(lr - own) + seed / 100 * rate}
        )
        for x, own, rate in (("a", 0.1, 1), ("b", 0.3, 2))
        for lr in (0.1, 0.3)
        for seed in (0, 1)
    ]  # fmt: skip
    test = claim(alike("s", A, B, 0.3))
    effect = judge(test, [made_run(trials, tune_each="lr")]).findings[0].effect
    assert effect.estimate == pytest.approx(-0.005)
    assert effect.spread.df == 1  # other values of a tuned setting are no other variants
    result = judge(test, [made_run(trials)])
    assert "said of 2 variants" in result.findings[0].note


def test_seeds_that_failed_are_left_out_and_named(verdict):
    rows = {"a": FAR["a"], "b": ["failed", *FAR["b"][1:]]}
    (part,) = verdict(beats("s", A, B), rows).findings
    assert part.effect.seeds == 3 and "Left out: x=b seed=0 failed." in part.note


def test_one_seed_that_is_left_of_several_decides_nothing(verdict):
    rows = {"a": FAR["a"], "b": [FAR["b"][0], *["failed"] * 3]}
    for images in (0, 2_000):
        result = verdict(beats("s", A, B), rows, images=images)
        assert result.status == "not tested"
        assert result.findings[0].note == ("of 4 seeds one alone is left in all that is compared.")


def test_controls_are_nobodys_variant(made_run, made_trial):
    trials = [
        made_trial({"x": x, "control": c} if c else {"x": x}, seed,
                   metrics={"test/accuracy": 0.1 if c else FAR[x][seed]})
        for x in "ab" for seed in range(4) for c in ("", "one_batch")
    ]  # fmt: skip
    assert judge(claim(beats("s", A, B)), [made_run(trials)]).status == "supported"


@pytest.mark.parametrize(
    ("metrics", "fragile"),
    [
        ((0.3, 0.5, 0.4, 0.6), ""),
        ((0.3, 0.5, 0.6, 0.4), "refuted by val/loss"),
        ((0.3, 0.5, 0.5, 0.5), ""),  # which decides nothing
        ((0.3, 0.5, None, None), ""),  # which was not measured
    ],
)
def test_what_another_number_turns_that_would_do_as_well_is_fragile(
    made_run, made_trial, metrics, fragile
):
    """metrics: train and val loss of a and b."""
    losses = {"a": {"train/loss": metrics[0], "val/loss": metrics[2]},
              "b": {"train/loss": metrics[1], "val/loss": metrics[3]}}  # fmt: skip
    trials = [
        made_trial({"x": x}, seed, metrics={name: value + (seed - 1) * noise
                                            for name, value in own.items() if value is not None})
        for (x, own), noise in zip(losses.items(), (0.01, 0.012), strict=True)
        for seed in range(3)
    ]  # fmt: skip
    on = Last(metric="train/loss", alternatives=("val/loss",))
    run = made_run(trials)
    result = judge(claim(below("s", A, B, on)), [run])
    assert result.status == "supported" and result.fragile == fragile
    # The same as a part of a claim; and nothing is fragile that decides nothing.
    parts = [below("s", A, B, on), below("s", A, B, on)]
    assert judge(claim(every(parts)), [run]).fragile == fragile
    unsure = Differs(sweep="s", of=A, to=B, on=on, within=((-0.2, None),))
    assert judge(claim(unsure), [run]).status == "undecided"
    assert judge(claim(unsure), [run]).fragile == ""


def test_claims_come_back_from_json_as_they_were():
    parts = [beats("s", A, B), Trend(sweep="s", over="x", rises=True, on=Last(metric="m")),
             claims.overtakes("s", A, B, "val/accuracy")]  # fmt: skip
    one = claim(every(parts))
    assert Claim.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (beats("t", A, B), "sweep 't', which the study does not have"),
        (beats("s", {"x": 1, "y": 1}, {"x": 1, "y": 2}), "compares y, which sweep s never varies"),
        (beats("s", A, A), "compares a variant with itself"),
        (Trend(sweep="s", over="y", rises=True), "compares y, which sweep s never varies"),
        (every([beats("s", A, B), beats("t", A, B)]), "sweep 't'"),
    ],
)
def test_a_claim_about_what_is_never_varied_is_refused(test, why):
    assert why in claim(test).problem({"s": ("x",)})
    assert claim(beats("s", A, B)).problem({"s": ("x",)}) is None


def test_a_verdict_says_whether_its_claim_was_there_as_it_is_before_every_run(run_of):
    one = claim(beats("s", A, B))
    other = claim(beats("s", A, B, by=0.1))  # the same words, another test
    run = run_of(FAR, registered={"claims": {one.id: one.digest}})
    assert judge(one, [run]).registered and judge(one, [run]).declared == "registered"
    assert judge(other, [run]).declared == "declared after this run"
    unknown = run_of(FAR)
    assert not judge(one, [unknown]).registered and not judge(one, [run, unknown]).registered
