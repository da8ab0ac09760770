"""Verdicts: where the whole interval lies decides, and what could not be tested is said."""

import numpy as np
import pytest

import claims
from claims import Claim, Differs, Level, OrderChanges, Trend, alike, beats, every
from claims.measures import At, Last
from claims.verdicts import judge
from runs.artifacts import Predictions

A, B = {"x": "a"}, {"x": "b"}


def claim(test):
    return Claim(id="c", says="?", test=test)


def runs(made_run, made_trial, rows, dataset="digits", metric="test/accuracy", **study):
    """rows: value of x to the metric of each seed."""
    trials = [
        made_trial({"x": x, "dataset": dataset}, seed, metrics={metric: value})
        for x, values in rows.items()
        for seed, value in enumerate(values)
    ]
    return [made_run(trials, dataset, sweeps={"s": ("x",)}, **study)]


@pytest.fixture
def verdict(made_run, made_trial):
    return lambda test, rows, **more: judge(claim(test), runs(made_run, made_trial, rows, **more))


CLOSE = {"a": [0.701, 0.712, 0.699, 0.705], "b": [0.7, 0.71, 0.7, 0.704]}  # within 0.2 points
FAR = {"a": [0.80, 0.82, 0.79, 0.81], "b": [0.7, 0.71, 0.7, 0.705]}  # 8 to 12.5 points
UNSURE = {"a": [0.80, 0.66, 0.79, 0.71], "b": [0.7, 0.71, 0.7, 0.705]}


@pytest.mark.parametrize(
    ("test", "rows", "status"),
    [
        (beats("s", A, B), FAR, "supported"),
        (beats("s", B, A), FAR, "refuted"),
        (beats("s", A, B), UNSURE, "no detectable difference"),
        (beats("s", A, B, by=0.05), FAR, "supported"),
        (beats("s", A, B, by=0.2), FAR, "refuted"),
        (beats("s", A, B, by=0.1), FAR, "no detectable difference"),  # 10 points lies within
        (alike("s", A, B, 0.02), CLOSE, "supported"),
        (alike("s", A, B, 0.02), FAR, "refuted"),
        (alike("s", A, B, 0.02), UNSURE, "no detectable difference"),
        (
            Differs(sweep="s", of=A, to=B, within=((-0.15, -0.05), (0.05, 0.15))),
            FAR,
            "supported",
        ),
        (Level(sweep="s", of=A, on=claims.ACCURACY, within=((0.75, None),)), FAR, "supported"),
        (Level(sweep="s", of=B, on=claims.ACCURACY, within=((0.75, None),)), FAR, "refuted"),
    ],
)
def test_a_verdict_is_where_the_whole_interval_lies(verdict, test, rows, status):
    result = verdict(test, rows)
    assert result.status == status
    (part,) = result.findings
    assert part.effect.n == 4 and part.effect.basis == "t over seeds"
    assert part.effect.low <= part.effect.estimate <= part.effect.high
    # What could have been found is said where nothing was.
    blind = status == "no detectable difference"
    assert (part.detectable is not None) == blind and (not blind or part.detectable > 0)


def test_not_significant_is_never_alike(verdict):
    """The p-value is large, and the claim of no effect is not supported for all that."""
    result = verdict(alike("s", A, B, 0.02), UNSURE)
    assert result.findings[0].effect.p > 0.05
    assert result.status == "no detectable difference"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([(0.5, 0.6, 0.7), (0.52, 0.61, 0.69), (0.4, 0.5, 0.6)], "supported"),
        ([(0.7, 0.6, 0.5), (0.69, 0.61, 0.52), (0.6, 0.5, 0.4)], "refuted"),
        ([(0.7, 0.6, 0.5), (0.52, 0.61, 0.69), (0.5, 0.4, 0.6)], "no detectable difference"),
    ],
)
def test_a_trend_is_judged_by_ranks_over_seeds(verdict, values, status):
    rows = {level: [seed[i] for seed in values] for i, level in enumerate((0.1, 1.0, 10.0))}
    result = verdict(Trend(sweep="s", over="x", rises=True), rows)
    assert result.status == status
    assert "Means at 0.1, 1, 10:" in result.findings[0].note


NEW, MORE = "--only s --seeds 3", "--resume toy/now --seeds 3"


@pytest.mark.parametrize(
    ("rows", "trend", "why", "command"),
    [
        ({"a": [0.5]}, False, "the run has no x=b", NEW),
        ({"a": [0.5], "b": [0.6]}, False, "no predictions of the same test images", MORE),
        ({"a": [0.5, 0.6], "b": [0.4, 0.5]}, False, "all 2 seeds differ by the same", MORE),
        ({1.0: [0.5, 0.6], 2.0: [0.5, 0.4]}, True, "needs 3 values of x, and the run has 2", NEW),
        ({1.0: [0.5], 2.0: [0.5], 3.0: [0.4]}, True, "needs 2 seeds", MORE),
    ],
)
def test_what_cannot_be_tested_says_why_and_what_would_test_it(verdict, rows, trend, why, command):
    test = Trend(sweep="s", over="x", rises=True) if trend else beats("s", A, B)
    result = verdict(test, rows)
    assert result.status == "not tested" and why in result.findings[0].note
    assert result.command == f"python -m studies.toy {command}"
    assert result.findings[0].effect is None


def test_a_curve_that_was_not_recorded_leads_to_the_option_that_records_it(made_run, made_trial):
    both = [made_trial(x, seed, metrics={"test/accuracy": 0.5}) for x in (A, B) for seed in (0, 1)]
    test = beats("s", A, B, on=At(metric="test_curve/accuracy", share=1))
    run = made_run(both, settings={"test_curves": False})
    assert judge(claim(test), [run]).command.endswith("--test-curves")


def test_one_seed_is_judged_by_the_test_images(made_run, made_trial, tmp_path):
    labels = np.arange(1000) % 2
    trials = []
    for x, right in (("a", 900), ("b", 800)):
        folder = tmp_path / x
        folder.mkdir()
        said = np.where(np.arange(1000) < right, labels, 1 - labels)
        Predictions(labels, said).save(folder)
        trials.append(made_trial({"x": x}, metrics={"test/accuracy": right / 1000}, folder=folder))
    result = judge(claim(beats("s", A, B, by=0.05)), [made_run(trials)])
    assert result.status == "supported" and result.findings[0].effect.n == 1000
    assert result.findings[0].note.startswith("One seed: says nothing of how another would end.")


def test_a_conjunction_needs_all_parts_and_one_refutes_it(verdict):
    good, bad = beats("s", A, B), beats("s", B, A)
    unsure = beats("s", A, B, by=0.1)
    absent = beats("s", A, {"x": "c"})
    for parts, status in [
        ([good, good], "supported"),
        ([good, unsure], "no detectable difference"),
        ([good, absent], "not tested"),
        ([absent, bad], "refuted"),
        ([every([good, unsure]), bad], "refuted"),
    ]:
        assert verdict(every(parts), FAR).status == status


def test_a_part_refutes_a_conjunction_only_at_the_confidence_of_all_parts(verdict):
    rows = {"a": [0.70, 0.73, 0.72, 0.706], "b": [0.715, 0.745, 0.728, 0.72]}
    alone, good = beats("s", A, B), beats("s", B, A, by=-1)
    assert verdict(alone, rows).status == "refuted"
    assert verdict(every([alone, *[good] * 200]), rows).status == "no detectable difference"


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
    result = judge(claim(alike("s", A, B, 0.3)), [made_run(trials, tune_each="lr")])
    assert result.findings[0].effect.estimate == pytest.approx(-0.005)
    result = judge(claim(alike("s", A, B, 0.3)), [made_run(trials)])
    assert "said of 2 variants" in result.findings[0].note


def test_a_seed_that_diverged_is_left_out_and_named(made_run, made_trial):
    trials = [
        made_trial({"x": x}, seed, metrics={"test/accuracy": FAR[x][seed]},
                   status="failed" if (x, seed) == ("b", 0) else "finished")
        for x in "ab"
        for seed in range(4)
    ]  # fmt: skip
    (part,) = judge(claim(beats("s", A, B)), [made_run(trials)]).findings
    assert part.effect.n == 3 and "x=b seed=0 failed" in part.note


def test_one_seed_that_is_left_of_several_decides_nothing(made_run, made_trial):
    trials = [
        made_trial({"x": x}, seed, metrics={"test/accuracy": FAR[x][seed]},
                   status="failed" if x == "b" and seed else "finished")
        for x in "ab"
        for seed in range(4)
    ]  # fmt: skip
    result = judge(claim(beats("s", A, B)), [made_run(trials)])
    assert result.status == "not tested"
    assert "of 4 seeds only seed 0 finished in both" in result.findings[0].note


def test_a_trend_names_the_values_that_all_diverged_and_refuses_what_is_no_number(
    made_run, made_trial
):
    def trend(values, **settings):
        trials = [
            made_trial({"x": x} if x is not ... else {"y": 1}, seed,
                       metrics={"test/accuracy": 0.5 + i / 10 + seed / 100},
                       status="failed" if x == 9.0 else "finished")
            for i, x in enumerate(values) for seed in range(3)
        ]  # fmt: skip
        return judge(claim(Trend(sweep="s", over="x", rises=True)), [made_run(trials)])

    result = trend([1.0, 2.0, 3.0, 9.0])
    assert result.status == "supported" and "No trial finished at 9." in result.findings[0].note
    assert trend([..., 1.0, 2.0, 3.0]).status == "supported"  # one without the setting
    for value in (None, "auto"):
        assert "not a number" in trend([1.0, 2.0, 3.0, value]).findings[0].note


def test_two_seeds_cannot_show_a_trend_of_three_values(verdict):
    rows = {1.0: [0.1, 0.1], 2.0: [0.2, 0.3], 3.0: [0.4, 0.5]}
    result = verdict(Trend(sweep="s", over="x", rises=True), rows)
    assert result.status == "not tested" and "2 seeds cannot show" in result.findings[0].note


def test_a_trend_of_several_variants_at_one_value_is_refused(made_run, made_trial):
    trials = [
        made_trial({"x": x, "k": k}, seed, metrics={"test/accuracy": x})
        for x in (1.0, 2.0, 3.0) for k in "ab" for seed in range(3)
    ]  # fmt: skip
    test = Trend(sweep="s", over="x", rises=True)
    assert "said of 2 variants" in judge(claim(test), [made_run(trials)]).findings[0].note


def test_controls_are_nobody_s_variant(made_run, made_trial):
    trials = [
        made_trial({"x": x, "control": c} if c else {"x": x}, seed,
                   metrics={"test/accuracy": 0.1 if c else FAR[x][seed]})
        for x in "ab" for seed in range(4) for c in ("", "one_batch")
    ]  # fmt: skip
    assert judge(claim(beats("s", A, B)), [made_run(trials)]).status == "supported"


REVERSED = {"a": FAR["b"], "b": FAR["a"]}
OTHER = "python -m studies.toy --dataset digits --only s --seeds 3"


@pytest.mark.parametrize(
    ("rows", "names", "status", "command"),
    [
        ([FAR, REVERSED], ("one", "two"), "supported", ""),
        ([FAR, FAR], ("one", "two"), "refuted", ""),
        ([FAR, UNSURE], ("one", "two"), "no detectable difference", ""),
        ([FAR], ("one",), "not tested", OTHER),
        ([FAR, REVERSED], ("one", "one"), "not tested", OTHER),
        ([FAR, {"a": [0.5]}], ("one", "two"), "not tested", "python -m studies.toy --dataset two"),
        ([FAR, REVERSED, FAR], ("one", "one", "two"), "supported", ""),
        ([FAR, FAR, UNSURE], ("one", "one", "two"), "no detectable difference", ""),
    ],
)
def test_an_order_that_changes_needs_several_data_sets(
    made_run, made_trial, rows, names, status, command
):
    test = OrderChanges(sweep="s", of=A, to=B)
    given = [
        runs(made_run, made_trial, row, dataset=name, settings={"dataset": name},
             asked={"values": {"dataset": [name]}})[0]
        for row, name in zip(rows, names, strict=True)
    ]  # fmt: skip
    result = judge(claim(test), given)
    assert result.status == status and len(result.findings) == len(rows) + (len(set(names)) < 2)
    assert result.command.startswith(command) and bool(result.command) == bool(command)


def test_a_false_claim_of_no_effect_is_supported_at_most_as_often_as_it_says(made_run, made_trial):
    """A true difference at the margin: at most 2.5 % of studies call it alike (two one-sided)."""
    random, wrong, studies = np.random.default_rng(0), 0, 400
    for _ in range(studies):
        base = 0.7 + 0.02 * random.standard_normal(5)
        of = base + 0.02 + 0.005 * random.standard_normal(5)
        result = judge(
            claim(alike("s", A, B, 0.02)), runs(made_run, made_trial, {"a": of, "b": base})
        )
        wrong += result.status == "supported"
    assert wrong / studies < 0.05


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


def test_a_verdict_says_whether_its_claim_was_there_as_it_is_before_every_run(made_run, made_trial):
    one = claim(beats("s", A, B))
    other = claim(beats("s", A, B, by=0.1))  # the same words, another test
    known = {"registered": {"claims": {one.id: one.digest}}}
    (run,) = runs(made_run, made_trial, FAR, **known)
    assert judge(one, [run]).registered and judge(one, [run]).declared == "registered"
    assert judge(other, [run]).declared == "declared after this run"
    (unknown,) = runs(made_run, made_trial, FAR)
    assert not judge(one, [unknown]).registered and not judge(one, [run, unknown]).registered
