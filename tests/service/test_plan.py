"""What a new run consists of, and what it records of how it was asked for."""

from dataclasses import replace

import pytest

from claims import Claim, beats
from runs.folder import RunFolder
from runs.trial_folder import TrialFolder
from runs.variants import trial_names
from service.new_run import plan_run
from service.options import options_from
from service.study import Study
from trainables.protocol import Settings


class Toy(Settings):
    loss: str = "plain"
    lr: float = 0.1


def grid(*values):
    return {"grid_search": list(values)}


SWEEPS = {"loss": {"loss": grid("plain", "other")}, "lr": {"lr": grid(0.1, 1)}}
STUDY = Study("toy", "?", print, Toy(), SWEEPS, "val/loss")


@pytest.mark.parametrize(
    ("options", "seeds"),
    [
        ({}, [0, 1, 2]),
        ({"smoke": True}, [0]),
        ({"debug": True}, [0]),
        ({"seeds": 2}, [0, 1]),
        ({"seeds": 2, "smoke": True}, [0, 1]),
    ],
)
def test_a_run_has_three_seeds_unless_it_is_small_or_told_otherwise(options, seeds):
    plan = plan_run(STUDY, options_from(options), {})
    assert sorted({trial.seed for trial in plan.trials}) == seeds
    assert plan.asked.seeds == len(seeds)


def test_what_is_recorded_is_read_back(tmp_path):
    plan = plan_run(
        STUDY, options_from({"only": ["lr"], "output": "elsewhere"}), {"loss": ["other"]}
    )
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {"dataset": {"name": "toys"}}, "sqlite:///x.db")
    study = folder.study
    assert study.trials == tuple(trial.asked for trial in plan.trials)
    assert trial_names(study) == {trial.key: trial.name for trial in plan.trials}
    assert study.asked == plan.asked
    assert (study.asked.values, study.asked.output) == ({"loss": ["other"]}, "elsewhere")
    assert study.sweeps == {"lr": ("lr",)}
    assert (study.dataset, study.tracking_uri) == ({"name": "toys"}, "sqlite:///x.db")
    assert (study.baseline, study.program) == ({}, "")
    for trial in plan.trials:
        assert TrialFolder(folder.trial(trial.key).path).asked == trial.asked


def test_a_trial_is_called_as_in_its_first_sweep_also_where_it_is_recorded(tmp_path):
    plan = plan_run(STUDY, options_from({"seeds": 1}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, None)
    assert list(trial_names(folder.study).values()) == [
        "loss=plain seed=0", "loss=other seed=0", "lr=1.0 seed=0",
    ]  # fmt: skip
    assert [trial.sweeps for trial in plan.trials] == [("loss", "lr"), ("loss",), ("lr",)]


def test_claims_are_registered_before_the_first_trial(tmp_path):
    claim = Claim(id="c", says="?", test=beats("loss", {"loss": "other"}, {"loss": "plain"}))
    plan = plan_run(replace(STUDY, claims=[claim]), options_from({}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, "")
    registered = folder.study.registered
    assert registered.claims == {"c": claim.digest}
    assert registered.time == pytest.approx(folder.study.created, abs=5)
    assert registered.commit == folder.study.commit
    assert not any(trial.lines for trial in folder.trials())
