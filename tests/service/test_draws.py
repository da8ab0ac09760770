"""What draws nothing is one trial: listed, recorded, run and gone on with once."""

import pytest

from claims import Claim, alike, beats
from runs.folder import RunFolder
from service import until_decided
from service.cli import execute
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from service.study import Study
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    model: str = "head"
    C: int = 1

    @property
    def draws(self):
        return self.model != "svm"


def train(settings, trial):
    yield Epoch({"val/loss": settings.C + settings.draws * trial.seed / 10}, {})


def grid(*values):
    return {"grid_search": list(values)}


SWEEPS = {"model": {"model": grid("svm", "head")}, "C": {"model": "svm", "C": grid(1, 2)}}
STUDY = Study(
    "toy", "?", train, Toy(), SWEEPS, "val/loss", mode="min",
    claims=[
        Claim(id="head", says="?", test=beats("model", {"model": "head"}, {"model": "svm"})),
        Claim(id="C", says="?", test=alike("C", {"C": 1}, {"C": 2}, 0.1)),
    ],
)  # fmt: skip


def names(trials):
    return [trial.name for trial in trials]


@pytest.fixture
def ended(tmp_path):
    """A run with two seeds all of whose trials have ended."""
    plan = plan_run(STUDY, options_from({"seeds": 2}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, "")
    trained(plan, folder)
    return folder


def trained(plan, folder):
    how = {"threads": 1, "gpus": 0, "metric": "val/loss", "mode": "min"}
    for spec in plan.trials:
        place = folder.trial(spec.key).place
        list(run_trial(train, spec.settings, place, seed=spec.seed, **how))


def test_it_is_listed_once_however_many_seeds_there_are():
    assert names(STUDY.trials(seeds=3)) == [
        "model=svm seed=0", "model=head seed=0", "C=2 seed=0", "model=head seed=1",
        "model=head seed=2",
    ]  # fmt: skip
    assert STUDY.trials(seeds=3, only=["C"]) == STUDY.trials(seeds=1, only=["C"])


def test_a_dry_run_counts_it_once(capsys):
    assert execute(STUDY, options_from({"seeds": 3, "dry_run": True}), {})[0] == 0
    assert "toy: 5 trials" in capsys.readouterr().out


def test_that_is_recorded_and_an_older_record_draws(ended):
    trials = ended.study.model_dump(mode="json")["trials"]
    assert [trial.pop("draws") for trial in trials] == [False, True, False, True]
    older = ended.study.model_validate({**ended.study.model_dump(mode="json"), "trials": trials})
    assert all(trial.draws for trial in older.trials)


def test_more_seeds_are_more_of_what_draws_alone(ended):
    again = {"resume": str(ended.path)}
    assert resume_run(STUDY, options_from(again), {}).todo == []
    more = resume_run(STUDY, options_from({**again, "seeds": 4}), {})
    assert names(more.todo) == ["model=head seed=2", "model=head seed=3"]
    assert {trial.key for trial in ended.study.trials} < {trial.key for trial in more.trials}
    alone = resume_run(STUDY, options_from({**again, "seeds": 4, "only": ["C"]}), {})
    assert alone.todo == []
    assert ended.status() == "finished"


def test_a_run_until_decided_ends_where_no_seed_adds_a_trial(tmp_path, monkeypatch):
    plan = plan_run(STUDY, options_from({"seeds": "until-decided", "only": ["C"]}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, "")
    trained(plan, folder)
    monkeypatch.setattr(until_decided, "outlook", lambda *_: "undecided")
    assert until_decided.further(plan, folder) is None
