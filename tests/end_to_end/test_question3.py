"""Question 3 as a user runs it, on digits: own learning rates, gradient updates, full batches."""

import json

import numpy as np
import pytest

from runs.artifacts import Updates
from runs.trial_folder import TrialFolder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("question3")


@pytest.fixture(scope="module")
def optimizers(place, study):
    return study(place, "q3_optimizers", "--epochs", "2", "--seeds", "2")


@pytest.fixture(scope="module")
def sizes(place, study):
    return study(place, "q3_batch_size", "--only", "batch_size", "--batch-size", "32", "2048")


def test_every_optimiser_is_shown_at_its_own_learning_rate(optimizers):
    said, run = optimizers
    trials = json.loads((run / "results.json").read_text())["trials"]
    assert {t["settings"]["lr"] for t in trials} == {3e-4, 3e-3}
    assert {(t["settings"]["optimizer"], t["settings"]["batch_size"]) for t in trials} == {
        ("sgd", 1), ("adam", 64),
    }  # fmt: skip
    best = {}
    for trial in trials:
        by_lr = best.setdefault(trial["settings"]["optimizer"], {})
        by_lr.setdefault(trial["settings"]["lr"], []).append(trial["metrics"]["val/accuracy"])
    own = {name: max(by_lr, key=lambda lr: sum(by_lr[lr])) for name, by_lr in best.items()}
    tables, compared = said.split("Test accuracy in points, less that of")
    assert f"optimizer=adam batch_size=64 lr={own['adam']}; intervals over 2 seeds" in compared
    assert "optimizer=sgd batch_size=1" in compared
    _, *shown = tables.split("each at its own lr")[1].split("└")[0].split("optimizer=")
    assert [row.split()[0] for row in shown] == ["sgd", "adam"]
    for row in shown:
        assert f"lr={own[row.split()[0]]} " in row


def test_curves_are_drawn_against_epochs_steps_and_seconds(optimizers):
    drawn = {file.stem for file in (optimizers[1] / "figures").glob("*.svg")}
    assert {"optimizer", "optimizer_steps", "optimizer_seconds", "optimizer_sensitivity"} <= drawn
    updates = {"optimizer_updates", "optimizer_layers", "optimizer_effective", "optimizer_path"}
    assert updates <= drawn


def test_variants_of_a_seed_start_from_the_same_weights(optimizers):
    """So their paths can be drawn in one plane; another seed starts elsewhere."""
    starts = {0: [], 1: []}
    for folder in (optimizers[1] / "trials").iterdir():
        asked = TrialFolder(folder).asked
        sketch = Updates.load(folder).sketch
        assert sketch.shape[1] == 256
        if asked.settings["lr"] == 3e-4:  # a small step from where it began
            starts[asked.seed].append(sketch[0])
    far = np.linalg.norm(starts[0][0] - starts[1][0])
    for seed in starts:
        assert np.linalg.norm(starts[seed][0] - starts[seed][1]) < 0.2 * far


def test_a_full_batch_is_said_once_and_recorded(sizes):
    said, run = sizes
    assert said.count("A batch of 2048 is more than the 160 train images") == 1
    for trial in json.loads((run / "results.json").read_text())["trials"]:
        wanted = min(trial["settings"]["batch_size"], 160)
        assert trial["metrics"]["train/batch_size"] == wanted


def test_a_scheduled_trial_equals_the_debugged_one_in_every_bit(optimizers, tmp_path, study):
    _, run = optimizers
    trial = next(t for t in (run / "trials").iterdir() if TrialFolder(t).asked.seed == 1)
    words = ["--epochs", "2", "--seeds", "2", "--debug", "--trial", trial.name]
    study(tmp_path, "q3_optimizers", *words)
    debugged = tmp_path / "outputs" / "q3_optimizers" / ".debug" / trial.name
    assert numbers(debugged) == numbers(trial)


def numbers(folder):
    return [
        {k: v for k, v in line.items() if k != "timestamp" and not k.startswith("time/")}
        for line in TrialFolder(folder).lines
    ]
