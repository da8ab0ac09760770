"""One trial in this process: commits, cuts, divergence, the best epoch."""

import json
import math

import numpy as np
import pytest
import torch

from runs.loadable import UnloadableState
from runs.trial_folder import TrialFolder
from service.execution import LocalTrial, run_trial
from trainables.protocol import Epoch, Settings

VALUES = [0.3, 0.9, 0.5, 0.9]


class Count(Settings):
    epochs: int = 4


def count(settings, trial):
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        trial.progress(1, 1)
        metrics = {"val/accuracy": VALUES[epoch - 1]}
        yield Epoch(metrics, {"epoch": epoch, "x": torch.full((2,), float(epoch))})
    yield Epoch({"test/accuracy_at_best": trial.best["x"][0].item()}, None)


def run(folder, trainable=count):
    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return run_trial(trainable, Count(), folder, **how)


def numbers(folder):
    dropped = ("timestamp", "time/seconds")
    return [{k: v for k, v in x.items() if k not in dropped} for x in TrialFolder(folder).lines]


def test_a_trial_commits_a_line_an_epoch_and_keeps_the_first_best_one(tmp_path):
    lines = list(run(tmp_path))
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 4]
    assert lines[-1]["test/accuracy_at_best"] == 2.0
    assert TrialFolder(tmp_path).ending.status == "finished"
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.parametrize("commits", [1, 2, 3, 4])
def test_an_abandoned_trial_goes_on_and_ends_with_the_same_numbers(tmp_path, commits):
    list(run(tmp_path / "whole"))
    first = run(tmp_path / "cut")
    for _ in range(commits):
        next(first)
    first.close()
    list(run(tmp_path / "cut"))
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")


def test_lines_without_a_checkpoint_and_half_lines_are_cut_off(tmp_path):
    first = run(tmp_path)
    next(first)
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"epoch": 2, "val/accuracy": 99.0}) + '\n{"epoch": 3, "val')
    list(run(tmp_path))
    assert [line["epoch"] for line in numbers(tmp_path)] == [1, 2, 3, 4, 4]
    assert all(line.get("val/accuracy", 0) < 1 for line in numbers(tmp_path))


def test_a_metric_that_is_not_finite_ends_the_trial_as_diverged(tmp_path):
    def diverge(settings, trial):
        yield Epoch({"val/accuracy": 0.1}, {"epoch": 1})
        yield Epoch({"val/accuracy": math.nan}, {"epoch": 2})

    assert len(list(run(tmp_path, diverge))) == 1
    ending = TrialFolder(tmp_path).ending
    assert (ending.status, ending.diverged, ending.epochs) == ("failed", True, 1)
    assert ending.reason == "diverged: val/accuracy is nan in epoch 2"
    assert "NaN" not in (tmp_path / "metrics.jsonl").read_text()


def test_an_epoch_without_the_metric_that_decides_is_an_error(tmp_path):
    def forgetful(settings, trial):
        yield Epoch({"val/loss": 0.1}, {"epoch": 1})

    with pytest.raises(ValueError, match="metric, val/accuracy; there are val/loss"):
        list(run(tmp_path, forgetful))


@pytest.mark.parametrize("name", ["accuracy", "val/recall@1", "/x", "val/"])
def test_a_metric_without_a_split_or_with_a_name_that_mlflow_refuses_is_an_error(tmp_path, name):
    def careless(settings, trial):
        yield Epoch({"val/accuracy": 0.1, name: 0.1}, {"epoch": 1})

    with pytest.raises(ValueError, match="must be named split/name"):
        list(run(tmp_path, careless))


def test_numbers_of_numpy_and_torch_are_taken(tmp_path):
    def numeric(settings, trial):
        yield Epoch({"val/accuracy": np.float32(0.5), "val/loss": torch.tensor(2.0)}, {"epoch": 1})

    (line,) = run(tmp_path, numeric)
    assert (line["val/accuracy"], line["val/loss"]) == (0.5, 2.0)


def test_a_trial_whose_end_is_recorded_does_not_start_again(tmp_path):
    list(run(tmp_path))
    before = (tmp_path / "metrics.jsonl").read_bytes()
    assert list(run(tmp_path)) == []
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_an_exception_propagates_and_leaves_the_trial_to_be_tried_again(tmp_path):
    def fail(settings, trial):
        yield Epoch({"val/accuracy": 0.1}, {"epoch": 1})
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        list(run(tmp_path, fail))
    assert TrialFolder(tmp_path).ending is None


def test_a_best_checkpoint_lost_between_two_renames_is_found_again(tmp_path):
    first = run(tmp_path)
    next(first), next(first)  # epoch 2 is the best so far
    first.close()
    (tmp_path / "best.pt").unlink()
    assert LocalTrial(tmp_path, 0, "cpu", "val/accuracy", "max").best["epoch"] == 2


def test_a_state_that_cannot_be_read_back_is_refused_at_once_and_not_tried_again(tmp_path):
    starts = []

    def unloadable(settings, trial):
        starts.append(1)
        for epoch in (1, 2):
            yield Epoch({"val/accuracy": 0.5}, {"epoch": epoch, "w": np.zeros(3)})

    with pytest.raises(UnloadableState, match=r"state\['w'\] is a numpy.ndarray"):
        list(run(tmp_path, unloadable))
    assert list(run(tmp_path, unloadable)) == [] and len(starts) == 1
    ending = TrialFolder(tmp_path).ending
    assert (ending.status, ending.diverged, ending.epochs) == ("failed", False, 0)
    assert ending.reason.startswith("state['w'] is a numpy.ndarray")


def test_without_hard_links_it_ends_with_the_same_numbers(tmp_path, monkeypatch):
    def refuse(*names):
        raise PermissionError(1, "Operation not permitted")

    list(run(tmp_path / "whole"))
    monkeypatch.setattr("os.link", refuse)
    first = run(tmp_path / "cut")
    next(first), next(first), next(first)
    first.close()
    list(run(tmp_path / "cut"))
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")


def test_a_heartbeat_that_the_disk_does_not_take_changes_nothing(tmp_path):
    trial = LocalTrial(tmp_path, 0, "cpu", "val/accuracy", "max")
    (tmp_path / "progress.json").mkdir()  # nothing can be renamed over a folder
    trial.progress(1, 2)
    assert TrialFolder(tmp_path).progress is None
