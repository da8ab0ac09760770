"""A run with a damaged file is gone on with, reported, compared and kept; a sentence says which."""

import itertools
import json
import shutil
import sys

import pytest
import torch

from reports.page import NAME as PAGE
from runs.folder import RunFolder
from runs.trial_folder import TrialFolder
from service import compare, ending, keep, report
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from service.study import Study
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    loss: str = "plain"
    epochs: int = 3


def train(settings, trial):
    total = trial.state["total"] if trial.state else torch.zeros(1)
    for epoch in range(trial.state["epoch"] + 1 if trial.state else 1, settings.epochs + 1):
        total = 0.7 * total + epoch + trial.seed
        metrics = {"val/loss": total.item() + len(settings.loss)}
        yield Epoch(metrics, {"epoch": epoch, "total": total})
    yield Epoch({"test/loss": trial.best["total"].item()}, None)


STUDY = Study("toy", "?", train, Toy(), {"loss": {"loss": {"grid_search": ["plain", "other"]}}},
              "val/loss", mode="max", baseline={"loss": "plain"})  # fmt: skip


def carry_out(plan, folder, lines=None):
    """Run what a plan lacks, here; each trial to its end, or so many lines of it."""
    plan.write(folder, {"dataset": {}}, None)
    for spec in plan.todo:
        how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "max"}
        trial = run_trial(train, spec.settings, folder.trial(spec.key).path, **how)
        list(itertools.islice(trial, lines))
        trial.close()


def started(place, lines=None):
    folder = RunFolder.create(place, "toy")
    carry_out(plan_run(STUDY, options_from({"seeds": 2}), {}), folder, lines)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that ended, with all that it owes."""
    folder = started(tmp_path_factory.mktemp("ended"))
    ending.conclude(folder, STUDY.settings, None)
    return folder


@pytest.fixture
def ended(made, tmp_path):
    return RunFolder(shutil.copytree(made.path, tmp_path / "toy" / made.name))


@pytest.fixture
def broken_off(tmp_path):
    """A run all of whose trials were broken off after two epochs."""
    return started(tmp_path, lines=2)


def first(folder):
    return folder.trials()[0].path


def numbers(folder):
    return {
        trial.path.name: [
            {k: v for k, v in line.items() if k not in ("timestamp", "time/seconds")}
            for line in trial.committed
        ]
        for trial in folder.trials()
    }


def resumed(folder, **more):
    return resume_run(STUDY, options_from({"resume": str(folder.path), **more}), {})


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        # The best epoch is the last one, so that both are one file.
        (["checkpoint.pt"], "checkpoint.pt and best.pt are damaged; it goes on from epoch 1."),
        (["metrics.jsonl"], "metrics.jsonl has 0 lines instead of the 2 that checkpoint.pt belongs "
         "to; it starts over."),
        (["before.pt", "settings.json"], None),
        ([".metrics.jsonl.99", "progress.json"], None),
    ],
)  # fmt: skip
def test_it_goes_on_from_the_state_before_and_says_so(broken_off, made, capsys, spoilt, said):
    for name in spoilt:
        (first(broken_off) / name).write_bytes(b"")
    plan = resumed(broken_off)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ([] if said is None else [f"loss=plain seed=0: {said}"])
    assert len(plan.todo) == 4
    carry_out(plan, broken_off)
    assert numbers(broken_off) == {**numbers(made)} and broken_off.damage == []


@pytest.mark.parametrize("name", ["metrics.jsonl", "status.json"])
def test_a_finished_trial_that_is_damaged_is_trained_again(ended, made, name, capsys):
    (first(ended) / name).write_bytes(b"")
    plan = resumed(ended)
    assert [spec.name for spec in plan.todo] == ["loss=plain seed=0"]
    assert capsys.readouterr().out.startswith(f"loss=plain seed=0: {name} ")
    carry_out(plan, ended)
    assert numbers(ended) == numbers(made) and ended.status() == "finished"


def ask(monkeypatch, module, *words):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, words)])
    return module.main()


def test_the_others_are_reported_and_compared(ended, tmp_path, monkeypatch, capsys):
    other = started(tmp_path)
    (first(ended) / "metrics.jsonl").write_bytes(b"\0" * 40 + b"\n")
    said = "loss=plain seed=0: metrics.jsonl has 1 lines instead of the 4 that the trial ended with"
    assert ask(monkeypatch, report, ended.path) == 0
    assert said in capsys.readouterr().err
    told = json.loads((ended.path / "results.json").read_text())["trials"]
    assert sorted(trial["status"] for trial in told) == ["finished"] * 3 + ["stopped"]
    assert ask(monkeypatch, compare, ended.path, other.path, "--output", tmp_path) == 0
    assert said in capsys.readouterr().err
    (other.path / "study.json").write_bytes(b"")
    for module, words in ((report, [other.path]), (compare, [ended.path, other.path])):
        assert ask(monkeypatch, module, *words) == 2
        error = capsys.readouterr().err.splitlines()
        assert f"{other.path}/study.json is damaged" in error[-1]


def test_what_is_kept_counts_its_own_lines(ended, tmp_path):
    (first(ended) / "metrics.jsonl").write_bytes(b"")
    whole = ended.trials()[1]
    assert (ended.path / PAGE).exists()
    kept = keep.copy(ended, tmp_path / "to", {"val/loss": "val/error"})
    trials = {trial.path.name: trial for trial in kept.trials()}
    assert trials[first(ended).name].ending is None
    again = trials[whole.path.name]
    assert again.ending.status == "finished" and again.ending.digest != whole.ending.digest
    assert len(again.committed) == 4 and "val/error" in again.committed[0]
    assert isinstance(again, TrialFolder) and kept.bundled
