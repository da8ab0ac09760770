"""Question 3 as a user runs it, on digits: own learning rates, gradient updates, full batches."""

import json

import numpy as np
import pytest

from runs.artifacts import Updates
from runs.trial_folder import TrialFolder
from service.search.draws import SEARCH_SEED


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("question3")


@pytest.fixture(scope="module")
def optimizers(place, study):
    return study(place, "q3_optimizers", "--epochs", "2", "--seeds", "2")


@pytest.fixture(scope="module")
def sizes(place, study):
    return study(place, "q3_batch_size", "--only", "batch_size", "--batch-size", "32", "2048")


def test_every_optimiser_is_compared_at_the_best_of_its_own_draws(optimizers):
    said, run = optimizers
    trials = json.loads((run / "results.json").read_text())["trials"]
    assert {(t["settings"]["optimizer"], t["settings"]["batch_size"]) for t in trials} == {
        ("sgd", 1), ("adam", 64),
    }  # fmt: skip
    for optimizer in ("sgd", "adam"):
        for block in (0, 1):
            of = {
                role: [
                    t for t in trials
                    if (t["role"], t["seed"]) == (role, block + SEARCH_SEED * (role == "search"))
                    if t["settings"]["optimizer"] == optimizer
                ]
                for role in ("search", "default", "compared")
            }  # fmt: skip
            assert {role: len(own) for role, own in of.items()} == {
                "search": 2, "default": 1, "compared": 1,
            }  # fmt: skip
            best = max(of["search"], key=lambda t: t["metrics"]["val/accuracy"])
            assert of["compared"][0]["settings"]["lr"] == best["settings"]["lr"]
    compared = said.split("Test accuracy in points, less that of")[1]
    assert "optimizer=adam batch_size=64; intervals over 2 seeds" in compared
    assert "optimizer=sgd batch_size=1" in compared


def test_curves_are_drawn_against_epochs_steps_and_seconds(optimizers):
    drawn = {file.stem for file in (optimizers[1] / "figures").glob("*.svg")}
    assert {"optimizer", "optimizer_steps", "optimizer_seconds", "optimizer_sensitivity"} <= drawn
    updates = {"optimizer_updates", "optimizer_layers", "optimizer_effective", "optimizer_path"}
    assert updates <= drawn


def test_variants_of_a_seed_start_from_the_same_weights(optimizers):
    """So their paths can be drawn in one plane; another seed starts elsewhere."""
    starts = {SEARCH_SEED: [], SEARCH_SEED + 1: []}
    for folder in (optimizers[1] / "trials").iterdir():
        asked = TrialFolder(folder).asked
        sketch = Updates.load(folder).sketch
        assert sketch.shape[1] == 256
        if asked.role == "search" and asked.settings["lr"] < 3e-3:  # a small step from its start
            starts[asked.seed].append(sketch[0])
    far = np.linalg.norm(starts[SEARCH_SEED][0] - starts[SEARCH_SEED + 1][0])
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
    asked = {trial: TrialFolder(trial).asked for trial in (run / "trials").iterdir()}
    trial = next(t for t, one in asked.items() if (one.seed, one.role) == (1, "default"))
    words = ["--epochs", "2", "--seeds", "2", "--debug", "--trial", trial.name]
    study(tmp_path, "q3_optimizers", *words)
    debugged = tmp_path / "outputs" / "q3_optimizers" / ".debug" / trial.name
    assert numbers(debugged) == numbers(trial)


def numbers(folder):
    return [
        {k: v for k, v in line.items() if k != "timestamp" and not k.startswith("time/")}
        for line in TrialFolder(folder).lines
    ]
