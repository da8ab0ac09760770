"""A study is a finite, checked value."""

import pytest

from runs.errors import UsageError
from tests.service.toy import Toy, grid, study


def test_a_trial_that_two_sweeps_share_runs_once():
    trials = study().trials(seeds=3)
    assert len(trials) == 9 == len({t.key for t in trials})
    shared = [t for t in trials if t.sweeps == ("loss", "margin")]
    assert [t.seed for t in shared] == [0, 1, 2]
    assert shared[1].name == "loss=triplet seed=1"  # as in its first sweep


def test_seeds_come_as_blocks_so_that_an_interrupted_run_is_balanced():
    assert [t.seed for t in study().trials(seeds=2)] == [0, 0, 0, 1, 1, 1]


def test_a_key_ignores_what_does_not_apply_and_where_things_lie():
    keys = [t.key for t in study().trials(only=["loss"])]
    moved = study(settings=Toy(place="there"))
    assert [t.key for t in moved.trials(only=["loss"])] == keys
    other = study(settings=Toy(margin=0.3)).trials(only=["loss"])
    assert other[0].key == keys[0]  # plain has no margin
    assert other[1].key != keys[1]


@pytest.mark.parametrize(
    ("sweeps", "words"),
    [
        ({"a": {"margn": grid(1)}}, "did you mean margin"),
        ({"a": {"lr": grid()}}, "no values for lr"),
        ({"a": {"lr": grid(-1)}}, "greater than 0"),
        ({"a": {"margin": grid(0.1)}}, "no meaning"),
        ({}, "at least one sweep"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_when_it_is_built(sweeps, words):
    with pytest.raises(UsageError, match=words):
        study(sweeps=sweeps)


def test_an_option_replaces_the_values_of_what_varies_and_holds_the_rest():
    changed = study().overridden({"margin": ["0.7", "0.9"], "epochs": ["5"]}, ["margin"])
    assert [t.settings.margin for t in changed.trials(only=["margin"])] == [0.7, 0.9]
    assert {t.settings.epochs for t in changed.trials()} == {5}


@pytest.mark.parametrize(
    ("values", "only", "words"),
    [
        ({"margin": [0.3]}, ["none"], "no sweep 'none'"),
        ({"epohs": [1]}, [], "did you mean epochs"),
        ({"lr": [0]}, [], "lr: .*greater than 0"),
        ({"lr": [0.1, 0.2]}, [], "takes one value"),
        ({"loss": ["plain"]}, ["margin"], "changes nothing"),
    ],
)
def test_a_bad_option_is_one_sentence(values, only, words):
    with pytest.raises(UsageError, match=words) as caught:
        study().overridden(values, only)
    assert "\n" not in str(caught.value)


def test_several_values_of_what_varies_leave_the_other_sweeps_alone():
    changed = study().overridden({"margin": [0.5, 0.9]})
    assert [t.settings.margin for t in changed.trials(only=["loss"])] == [0.2, 0.2]


def test_variants_of_two_sweeps_with_one_label_are_told_apart_by_the_sweeps():
    sweeps = {
        "plain": {"loss": "plain", "lr": grid(0.1, 0.2)},
        "triplet": {"loss": "triplet", "lr": grid(0.1, 0.2)},
        "held": {"loss": "triplet", "lr": 0.3},
    }
    names = [t.name for t in study(sweeps=sweeps).trials()]
    assert names == [
        "plain: lr=0.1 seed=0",
        "plain: lr=0.2 seed=0",
        "triplet: lr=0.1 seed=0",
        "triplet: lr=0.2 seed=0",
        "held seed=0",
    ]


SIDE_BY_SIDE = {
    "loss": [
        {"loss": "plain", "lr": grid(0.1, 0.2, 0.3)},
        {"loss": "triplet", "margin": grid(0.2, 0.5), "lr": 0.01},
    ]
}


def test_spaces_side_by_side_are_one_sweep_of_all_their_variants():
    trials = study(sweeps=SIDE_BY_SIDE).trials()
    assert [t.variant for t in trials] == [
        "loss=plain lr=0.1",
        "loss=plain lr=0.2",
        "loss=plain lr=0.3",
        "loss=triplet lr=0.01 margin=0.2",
        "loss=triplet lr=0.01 margin=0.5",
    ]
    assert [t.variant for t in study(sweeps=SIDE_BY_SIDE).smaller().trials()] == [
        "loss=plain lr=0.1",
        "loss=plain lr=0.3",
        "loss=triplet lr=0.01 margin=0.2",
        "loss=triplet lr=0.01 margin=0.5",
    ]


def test_an_option_chooses_among_spaces_that_it_tells_apart():
    chosen = study(sweeps=SIDE_BY_SIDE).overridden({"loss": ["triplet"], "margin": ["0.7"]})
    assert [t.settings.margin for t in chosen.trials()] == [0.7]
    with pytest.raises(UsageError, match="--loss changes nothing"):
        study(sweeps=SIDE_BY_SIDE).overridden({"loss": ["other"]})
    with pytest.raises(UsageError, match="--loss other changes nothing"):
        study(sweeps=SIDE_BY_SIDE).overridden({"loss": ["plain", "other"]})


def test_a_baseline_is_one_variant():
    sweeps = {"loss": {"loss": grid("plain", "triplet"), "lr": grid(0.1, 0.2)}}
    assert study(sweeps=sweeps, baseline={"loss": "plain", "lr": 0.1}).baseline
    with pytest.raises(UsageError, match="is that of 2 variants; say which lr it has"):
        study(sweeps=sweeps, baseline={"loss": "plain"})


def test_a_question_says_what_a_run_has():
    asked = study(question="Which loss at a rate of {lr}?")
    assert asked.asks() == "Which loss at a rate of 0.1?"
    assert asked.overridden({"lr": ["0.3"]}).asks() == "Which loss at a rate of 0.3?"
    assert asked.judged_by({"lr": 0.2})["question"] == "Which loss at a rate of 0.2?"


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("At {rl}?", r"names \{rl\}, which is no setting; did you mean lr"),
        ("At {lr.real}?", "which is no setting"),
        ("At {}?", "which is no setting"),
        ("At {loss}?", r"names \{loss\}, which sweep loss varies"),
        ("At {lr?", "cannot be filled in: expected '}' before end of string"),
    ],
)
def test_a_question_that_cannot_be_filled_in_is_refused(question, why):
    with pytest.raises(UsageError, match=why):
        study(question=question)


class Checked(Toy):
    control: str = "none"

    def applies(self, name):
        return super().applies(name) and (name != "control" or self.control != "none")


def test_controls_are_two_more_trials_of_the_baseline():
    plain = study(settings=Checked(), baseline={"loss": "triplet", "margin": 0.5})
    checked = plain.with_controls()
    more = [t for t in checked.trials(2, ["margin"]) if "controls" in t.sweeps]
    assert [t.name for t in more] == [
        f"control={control} seed={seed}"
        for seed in (0, 1)
        for control in ("one_batch", "shuffled_labels")
    ]
    assert {(t.settings.loss, t.settings.margin) for t in more} == {("triplet", 0.5)}
    # No other trial gets another key for it.
    assert {t.key for t in plain.trials(2)} < {t.key for t in checked.trials(2)}
    with pytest.raises(UsageError, match="no controls"):
        study().with_controls()
