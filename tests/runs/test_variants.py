"""A variant is called after what its sweep varies, and by one name in its run."""

from pathlib import Path

import pytest

from runs.record import StudyRecord, TrialAsked, TrialRecord
from runs.run import Run
from runs.variants import differing_values, distinct, label, trial_names

SWEEPS = {"loss": ("loss",), "alpha": ("alpha",)}
PLAIN, CENTER = {"loss": "plain", "lr": 0.1}, {"loss": "center", "alpha": 0.5, "lr": 0.1}


def trial(settings, sweeps, seed=0, status="finished"):
    return TrialRecord(
        f"{settings}{seed}", seed, sweeps, settings, status, None, False, 1, {}, 1.0, [], Path("x")
    )


def run(trials, sweeps=SWEEPS, listed=()):
    study = StudyRecord(study="toy", run="now", metric="val/x", sweeps=sweeps, trials=listed)
    return Run(Path("nowhere"), study, trials)


def test_a_label_has_what_the_sweep_varies_and_nothing_else():
    (variant,) = run([trial(CENTER, ["loss"])]).variants
    assert variant.label("loss") == variant.name == "loss=center"
    assert variant.values("loss") == {"loss": "center"}


def test_a_variant_of_two_sweeps_has_a_label_in_each_and_one_name():
    shared, other = trial(CENTER, ["loss", "alpha"]), trial({**CENTER, "alpha": 1}, ["alpha"])
    run_of = run([trial(PLAIN, ["loss"]), shared, other])
    assert [variant.name for variant in run_of.variants] == ["loss=plain", "loss=center", "alpha=1"]
    of_loss, of_alpha = run_of.sweep("loss"), run_of.sweep("alpha")
    assert of_loss[1] is of_alpha[0]
    assert [variant.label("loss") for variant in of_loss] == ["loss=plain", "loss=center"]
    assert [variant.label("alpha") for variant in of_alpha] == ["alpha=0.5", "alpha=1"]
    assert run_of.name(shared) == "loss=center seed=0"


def test_the_same_label_in_two_sweeps_gives_names_with_the_sweep_in_front():
    sweeps = {"adam": ("lr",), "sgd": ("lr",)}
    trials = [trial({"opt": opt, "lr": lr}, [opt]) for opt in sweeps for lr in (1, 2)]
    only = trial({"opt": "sgd", "lr": 3}, ["sgd"])
    run_of = run([*trials, only], sweeps)
    assert [variant.name for variant in run_of.variants] == [
        "adam: lr=1", "adam: lr=2", "sgd: lr=1", "sgd: lr=2", "lr=3"
    ]  # fmt: skip
    assert [variant.label("sgd") for variant in run_of.sweep("sgd")] == ["lr=1", "lr=2", "lr=3"]


def test_names_are_those_of_what_was_asked_for_however_much_has_run():
    """Also while the variant that would have the same name has not begun."""
    sweeps = {"adam": ("lr",), "sgd": ("lr",)}
    listed = tuple(
        TrialAsked(key=opt, seed=0, sweeps=(opt,), settings={"opt": opt, "lr": 1}) for opt in sweeps
    )
    begun = trial({"lr": 1, "opt": "sgd"}, ["sgd"])
    run_of = run([begun], sweeps, listed)
    assert run_of.name(begun) == trial_names(run_of.study)["sgd"] == "sgd: lr=1 seed=0"


def test_seeds_are_one_variant_and_variants_stand_in_the_order_of_their_first_trials():
    trials = [trial(one, ["loss"], seed) for seed in (0, 1) for one in (PLAIN, CENTER)]
    run_of = run([*trials, trial({"loss": "late"}, ["loss"], 1, status="stopped")])
    first, second, late = run_of.variants
    assert [variant.name for variant in (first, second, late)] == [
        "loss=plain", "loss=center", "loss=late"
    ]  # fmt: skip
    assert list(first.trials) == trials[::2] == first.finished and late.finished == []
    assert run_of.seeds == [0, 1] and run_of.sweeps == ["loss"]


def test_a_sweep_is_in_the_order_of_its_numbers_and_else_as_it_is_listed():
    """One that another sweep shares comes first in the run."""
    trials = [
        trial({"lr": 0.1, "loss": "plain"}, ["loss", "lr"]),
        trial({"lr": 0.1, "loss": "center"}, ["loss"]),
        *(trial({"lr": lr, "loss": "plain"}, ["lr"]) for lr in (10, 0.01, 1.0)),
    ]
    run_of = run(trials, {"loss": ("loss",), "lr": ("lr",)})
    assert [v.label("lr") for v in run_of.sweep("lr")] == ["lr=0.01", "lr=0.1", "lr=1.0", "lr=10"]
    assert [v.label("loss") for v in run_of.sweep("loss")] == ["loss=plain", "loss=center"]
    assert [variant.settings["lr"] for variant in run_of.variants] == [0.1, 0.1, 10, 0.01, 1.0]
    assert differing_values(run_of.sweep("lr"), "lr") == {"lr": ["0.01", "0.1", "1.0", "10"]}
    assert differing_values(run_of.sweep("loss")[:1], "loss") == {}


def test_controls_are_among_all_variants_alone():
    control = trial({**PLAIN, "control": "one_batch"}, ["controls"], seed=7)
    run_of = run([control, trial({**PLAIN, "control": "none"}, ["loss"])],
                {**SWEEPS, "controls": ("control",)})  # fmt: skip
    assert [variant.name for variant in run_of.all_variants] == ["control=one_batch", "loss=plain"]
    assert [variant.name for variant in run_of.variants] == ["loss=plain"]
    assert run_of.name(control) == "control=one_batch seed=7" and run_of.seeds == [0]


def test_without_a_setting_in_its_label_a_variant_is_called_after_its_sweep():
    (variant,) = run([trial(PLAIN, ["alpha"])]).variants
    assert variant.label("alpha") == variant.name == "alpha"
    assert variant.label("alpha", without="lr") == "its own lr"


def test_what_a_variant_tunes_can_be_left_out():
    (variant,) = run([trial(PLAIN, ["both"])], {"both": ("loss", "lr")}).variants
    assert variant.label("both", without="lr") == "loss=plain"
    assert variant.has({"loss": "plain"}) and not variant.has({"loss": "plain", "alpha": 1})


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([("s", "x=1"), ("t", "x=2")], ["x=1", "x=2"]),
        ([("s", "x=1"), ("t", "x=1")], ["s: x=1", "t: x=1"]),
        ([], []),
    ],
)
def test_only_a_label_that_is_there_twice_is_told_by_its_sweep(labels, names):
    assert distinct(labels) == names


def test_a_label_has_the_settings_that_apply_in_the_order_of_their_names():
    assert label({"a": 1, "b": None}, ["b", "c", "a"]) == "b=None a=1"
