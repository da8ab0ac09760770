"""A run that goes on until its claims are decided is one source of trials, look after look."""

import pytest

from claims import Claim, beats
from runs.folder import RunFolder
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from service.study import Study
from tests.service.search.here import Cut, run
from trainables.protocol import Epoch, Settings

ACCURACY = {"plain": [0.50, 0.51, 0.52, 0.50, 0.52], "other": [0.54, 0.52, 0.56, 0.54, 0.55]}


class Toy(Settings):
    loss: str = "plain"
    epochs: int = 2


def train(settings, trial):
    for epoch in range(trial.state["epoch"] + 1 if trial.state else 1, settings.epochs + 1):
        yield Epoch({"val/accuracy": ACCURACY[settings.loss][trial.seed]}, {"epoch": epoch})
    yield Epoch({"test/accuracy": ACCURACY[settings.loss][trial.seed]}, None)


CLAIM = Claim(id="c", says="Other is better.",
              test=beats("loss", {"loss": "other"}, {"loss": "plain"}))  # fmt: skip
SWEEPS = {"loss": {"loss": {"grid_search": ["plain", "other"]}}}
STUDY = Study("toy", "?", train, Toy(), SWEEPS, "val/accuracy", claims=[CLAIM])


@pytest.fixture
def begun(tmp_path):
    """A run of at most five seeds that has not begun, and its plan."""
    plan = plan_run(STUDY, options_from({"seeds": "until-decided", "max_seeds": 5}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {"dataset": {}}, None)
    return folder, plan


def stands(folder):
    looks = [(one.seeds, one.alpha) for one in folder.study.looks["loss"]]
    return looks, sorted((t.key, t.seed, t.status) for t in folder.read().trials)


@pytest.mark.parametrize("slots", [1, 3])
def test_what_a_look_leaves_undecided_gets_more_seeds(begun, slots, capsys):
    folder, plan = begun
    began = run(plan, folder, slots=slots)
    assert len(began) == len(set(began)) == 10
    seeds = [name.partition("seed=")[2] for name in began]
    assert set(seeds[:6]) == set("012") and set(seeds[6:]) == set("34")
    said = capsys.readouterr().out
    assert "Look 1 of 2, 3 seeds: 0 of 1 claims decided; undecided: c.\n4 trials more.\n" in said
    assert "Look 2 of 2, 5 seeds" in said
    assert [seeds for seeds, _ in stands(folder)[0]] == [3, 5]
    assert folder.status() == "finished"


@pytest.mark.parametrize("commit", [1, 5, 17, 18, 19, 25, 29])
def test_cut_after_any_commit_it_takes_the_same_looks_and_trials(begun, tmp_path, commit):
    folder, plan = begun
    with pytest.raises(Cut):
        run(plan, folder, commits=commit, slots=2)
    again = resume_run(STUDY, options_from({"resume": str(folder.path)}), {})
    if again.todo:
        again.write(folder, {"dataset": {}}, None)
        run(again, folder, slots=2)
    undisturbed = RunFolder.create(tmp_path / "whole", "toy")
    whole = plan_run(STUDY, options_from({"seeds": "until-decided", "max_seeds": 5}), {})
    whole.write(undisturbed, {"dataset": {}}, None)
    run(whole, undisturbed)
    assert stands(folder) == stands(undisturbed)
