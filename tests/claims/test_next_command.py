"""The command that would test what a run does not: it has all that the run was given, and works."""

import shlex
from dataclasses import replace

import pytest

from claims import Claim, Level, OrderChanges, Trend, beats, every
from claims.measures import At, Last
from claims.verdicts import judge
from runs.command import again, going_on
from runs.record import TrialAsked
from runs.variants import label
from service.new_run import plan_run
from service.options import options_from, parse
from service.study import Study
from trainables.protocol import Settings

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}
THREE = {"a": [0.5, 0.6, 0.7], "b": [0.6, 0.8, 0.7]}
ACCURACY = Last(metric="test/accuracy")
TOY = "python -m studies.toy"


@pytest.fixture
def command(made_run, made_trial):
    """command(test, rows, ...): what is to be done about a claim by such a run.

    rows: value of x to the accuracy of each seed.  how: (x, seed) to how that trial ended.
    given: values of settings.
    """

    def of(test, rows, how=None, given=None, asked=None, settings=None, **study):
        trials = [
            made_trial({"x": x, "lr": 0.1, "dataset": "stl10"}, seed,
                       metrics={"test/accuracy": value}, **(how or {}).get((x, seed), {}))
            for x, values in rows.items() for seed, value in enumerate(values)
        ]  # fmt: skip
        about = {
            "sweeps": {"s": ("x",)},
            "settings": {"dataset": "stl10", "test_curves": False, **(settings or {})},
            "asked": {"seeds": 3, "values": given or {}, **(asked or {})},
            **study,
        }
        claim = Claim(id="c", says="?", test=test)
        verdict = judge(claim, [made_run(trials, "stl10", **about)])
        assert verdict.status == "not tested", "the test of this test"
        return verdict.command

    return of


STOPPED, FAILED = {"status": "stopped"}, {"status": "failed", "diverged": False}
DIVERGED = {"status": "failed"}
ONE = {"a": [0.5], "b": [0.6]}


def test_one_seed_needs_more_of_them(command):
    assert command(beats("s", A, B), ONE, asked={"seeds": 1}) == f"{TOY} --resume toy/now --seeds 3"


def test_seeds_that_all_differ_by_the_same_need_one_more(command):
    rows = {"a": [0.5, 0.6, 0.7], "b": [0.6, 0.7, 0.8]}
    assert command(beats("s", A, B), rows) == f"{TOY} --resume toy/now --seeds 4"


def test_a_sweep_that_was_not_selected_is_added_to_the_run(command):
    asked = {"only": ["s"]}
    added = f"{TOY} --resume toy/now --only t"
    assert command(beats("t", A, B), THREE, asked=asked) == added
    assert command(every([beats("s", A, B), beats("t", A, B)]), THREE, asked=asked) == (
        f"{TOY} --resume toy/now --only s t"
    )
    assert command(beats("t", A, B), ONE, asked=asked | {"seeds": 1}) == f"{added} --seeds 3"


def test_a_variant_that_the_run_had_other_values_for_needs_a_new_run_without_them(command):
    given = {"x": ["a", "b"], "lr": [0.1]}
    assert command(beats("s", A, C), THREE, given=given) == f"{TOY} --lr 0.1 --only s --seeds 3"
    rising = Trend(sweep="s", over="x", rises=True)
    rows = {1.0: [0.5] * 3, 2.0: [0.6] * 3}
    asked = {"seeds": 5}
    assert command(rising, rows, given={"x": [1.0, 2.0]}, asked=asked) == (
        f"{TOY} --only s --seeds 5"
    )


CURVE = beats("s", A, B, on=At(metric="test_curve/accuracy", share=0.5))


def test_a_curve_of_the_test_set_has_to_be_measured_by_a_new_run(command):
    assert command(CURVE, THREE, given={"lr": [0.1]}) == (
        f"{TOY} --lr 0.1 --only s --seeds 3 --test-curves"
    )
    given = {"test_curves": [False]}
    assert "--test-curves" in command(CURVE, THREE, given=given).split()
    assert "false" not in command(CURVE, THREE, given=given)


def test_clean_train_accuracy_has_to_be_measured_by_a_new_run(command):
    """Further seeds would have it, but those that have ended are not asked again."""
    clean = beats("s", A, B, on=Last(metric="train_clean/accuracy"))
    assert command(clean, THREE, given={"lr": [0.1]}) == f"{TOY} --lr 0.1 --only s --seeds 3"
    both = command(every([clean, CURVE]), THREE)
    assert both == f"{TOY} --only s --seeds 3 --test-curves"


def test_where_a_study_cannot_measure_it_nothing_would_test_it(command, made_run, made_trial):
    trials = [made_trial({"x": x}, seed, metrics={"m": 1.0}) for x in "ab" for seed in range(3)]
    claim = Claim(id="c", says="?", test=CURVE)
    assert judge(claim, [made_run(trials)]).command == ""
    unmeasured = beats("s", A, B, on=Last(metric="test/other"))
    assert command(unmeasured, THREE) == ""


def test_an_order_that_changes_needs_another_data_set_and_none_of_what_this_one_had(command):
    test = OrderChanges(sweep="s", of=A, to=B)
    given = {"dataset": ["stl10"], "images_per_class": [30], "lr": [0.1]}
    assert command(test, THREE, given=given) == (
        f"{TOY} --lr 0.1 --dataset digits --only s --seeds 3"
    )


def test_what_diverged_in_every_seed_no_run_would_test(command):
    how = {(x, seed): DIVERGED for x in "ab" for seed in range(3)}
    assert command(beats("s", A, B), THREE, how) == ""
    assert command(every([beats("s", A, B), beats("s", A, C)]), THREE, how) == ""
    level = Level(sweep="s", of=B, on=ACCURACY, within=((0.5, None),))
    assert command(level, THREE, how) == ""
    how["a", 1] = FAILED  # which may yet end well
    assert command(beats("s", A, B), THREE, how) == f"{TOY} --retry-failed toy/now"


def test_where_some_seeds_diverged_further_ones_are_tried(command):
    how = {("b", seed): DIVERGED for seed in (1, 2)}
    more = f"{TOY} --resume toy/now --seeds 4"
    assert command(beats("s", A, B), THREE, how) == more
    level = Level(sweep="s", of=B, on=ACCURACY, within=((0.5, None),))
    assert command(level, THREE, how) == more


@pytest.mark.parametrize(("ended", "option"), [(STOPPED, "--resume"), (FAILED, "--retry-failed")])
@pytest.mark.parametrize("lost", [(1, 2), (0, 1, 2)])
def test_what_was_stopped_goes_on_and_what_failed_is_tried_again(command, ended, option, lost):
    how = {("b", seed): ended for seed in lost}
    assert command(beats("s", A, B), THREE, how) == f"{TOY} {option} toy/now"
    level = Level(sweep="s", of=B, on=ACCURACY, within=((0.5, None),))
    assert command(level, THREE, how) == f"{TOY} {option} toy/now"


def listed(*values, seeds=3):
    """What a run was to have: every value of x, so many seeds."""
    every_x = [{"x": x, "lr": 0.1, "dataset": "stl10"} for x in values]
    return tuple(
        TrialAsked(key=f"{label(own, own)}/{s}", seed=s, sweeps=("s",), settings=own)
        for own in every_x
        for s in range(seeds)
    )


def test_seeds_and_variants_that_have_not_begun_go_on(command):
    goes_on = f"{TOY} --resume toy/now"
    assert command(beats("s", A, B), ONE, trials=listed("a", "b")) == goes_on
    given = {"x": ["a", "b", "c"]}
    assert command(beats("s", A, C), THREE, given=given, trials=listed("a", "b", "c")) == goes_on
    rising, rows = Trend(sweep="s", over="x", rises=True), {1.0: [0.5] * 3, 2.0: [0.6] * 3}
    assert command(rising, rows, trials=listed(1.0, 2.0, 3.0)) == goes_on
    # What others of the sweep lack, too: no claim on it is judged before.
    assert command(beats("s", A, B), THREE, trials=listed("a", "b", "c")) == goes_on
    how = {("a", 0): STOPPED}
    assert command(beats("s", A, B), THREE, how, trials=listed("a", "b")) == goes_on


def test_what_a_whole_run_does_not_have_takes_another_run(command):
    another = f"{TOY} --only s --seeds 3"
    rising, rows = Trend(sweep="s", over="x", rises=True), {1.0: [0.5] * 3, 2.0: [0.6] * 3}
    assert command(rising, rows, trials=listed(1.0, 2.0)) == another
    assert command(beats("s", A, C), THREE, trials=listed("a", "b")) == another


def test_what_goes_on_tries_again_what_failed(command):
    how = {("a", 0): FAILED, ("b", 1): STOPPED}
    assert command(beats("s", A, B), THREE, how, trials=listed("a", "b")) == (
        f"{TOY} --retry-failed toy/now"
    )


def test_a_smoke_run_is_followed_by_a_whole_one(command):
    asked = {"seeds": 1, "smoke": True}
    assert command(beats("s", A, B), ONE, given={"lr": [0.1]}, asked=asked) == (
        f"{TOY} --lr 0.1 --only s --seeds 3"
    )


def test_values_that_the_sweeps_of_a_claim_do_not_use_are_left_out(command):
    """Other sweeps used them: here they would be refused."""
    given = {"lr": [0.1, 0.2], "margin": [0.5], "dataset": ["stl10"]}
    assert command(CURVE, THREE, given=given) == (
        f"{TOY} --dataset stl10 --only s --seeds 3 --test-curves"
    )


def test_a_run_from_python_gets_a_call(command):
    given = {"lr": [0.1], "dataset": ["stl10"]}
    assert command(CURVE, THREE, given=given, program="") == (
        "service.run(STUDY, lr=0.1, dataset='stl10', only=['s'], seeds=3, test_curves=True)"
    )
    assert command(beats("s", A, B), ONE, asked={"seeds": 1}, program="") == (
        "service.run(STUDY, resume='toy/now', seeds=3)"
    )


def test_the_output_folder_is_said_where_it_was_not_the_usual_one(command):
    asked = {"seeds": 1, "output": "/my runs"}
    assert command(beats("s", A, B), ONE, asked=asked) == (
        f"{TOY} --resume toy/now --output '/my runs' --seeds 3"
    )
    assert "--output '/my runs'" in command(CURVE, THREE, asked=asked)


class Toy(Settings):
    loss: str = "plain"
    alpha: float = 0.5
    lr: float = 0.1
    data_dir: str = ""
    augment: bool = True

    def applies(self, name):
        return name != "alpha" or self.loss == "center"


STUDY = Study(
    "toy", "?", print, Toy(), {"loss": {"loss": {"grid_search": ["plain", "center"]}},
    "lr": {"lr": {"grid_search": [1, 2]}}}, "val/accuracy",
)  # fmt: skip


def planned(words):
    """What the words after a program list: what is given, and trials with their keys."""
    options, values = parse("toy", "?", Toy(), words)
    plan = plan_run(STUDY, options, values)
    return plan, {trial.key: trial.settings for trial in plan.trials}


def test_a_new_run_computes_the_same_again():
    """As a shell and the study read it: a path with spaces, several values, and no."""
    given = ["--data-dir", "/my data/it's", "--lr", "0.5", "2", "--augment", "false"]
    plan, trials = planned([*given, "--alpha", "7", "--seeds", "2"])
    record = replace(plan, program=TOY).record(None, {}, "", "now")
    program, line = TOY.split(), shlex.split(again(record, seeds=2))
    assert line[: len(program)] == program
    assert planned(line[len(program) :])[1] == trials
    assert "--data-dir '/my data/it'\"'\"'s'" in again(record)


def test_what_is_gone_on_with_is_found_by_its_options():
    record = replace(planned([])[0], program=TOY).record(None, {}, "", "now")
    words = shlex.split(going_on(record, "retry_failed", only=["loss", "lr"], seeds=4))
    options, values = parse("toy", "?", Toy(), words[len(TOY.split()) :])
    assert options == options_from({"retry_failed": "toy/now", "only": ("loss", "lr"), "seeds": 4})
    assert not values


DIVERGES = {("b", seed): DIVERGED for seed in (1, 2)}


def looks(*alphas):
    """Of sweep s, at 3, 6, ... seeds."""
    return {"s": [{"seeds": 3 * n, "alpha": a, "planned": True} for n, a in enumerate(alphas, 1)]}


def test_where_looks_have_spent_all_more_seeds_take_a_new_run(command):
    goes_on = f"{TOY} --resume toy/now --seeds 4"
    assert command(beats("s", A, B), THREE, DIVERGES, looks=looks(0.04)) == goes_on
    planned = {"seeds": 3, "max_seeds": 3}
    assert command(
        beats("s", A, B), THREE, DIVERGES, {"lr": [0.1]}, asked=planned, looks=looks(0.05)
    ) == f"{TOY} --lr 0.1 --only s --seeds until-decided --max-seeds 4"  # fmt: skip


def test_a_new_run_has_the_plan_of_looks_that_this_one_had(command):
    planned = {"seeds": 5, "max_seeds": 8}
    assert command(CURVE, THREE, asked=planned) == (
        f"{TOY} --only s --seeds until-decided --max-seeds 8 --test-curves"
    )
    words = command(CURVE, THREE, asked=planned).split()[len(TOY.split()) : -1]
    options, _ = parse("toy", "?", Toy(), words)
    assert (options.seeds, options.max_seeds) == ("until-decided", 8)
