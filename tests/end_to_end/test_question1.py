"""Question 1 as a user runs it, on digits: shared features, pictures, what is said at the end."""

import json

import numpy as np
import pytest

from runs.artifacts import Confusion, Predictions
from runs.trial_folder import TrialFolder

PARTS = [
    "--only", "unfreeze", "--unfreeze", "nothing", "layer4", "--lr", "0.02", "--body-lr", "0.005",
    "--epochs", "2", "--test-curves",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("question1")


@pytest.fixture(scope="module")
def machines(place, study):
    return study(place, "q1_svm", "--only", "kernel", "--kernel", "linear", "rbf", "--C", "1")


@pytest.fixture(scope="module")
def finetuned(place, study):
    return study(place, "q1_finetune", *PARTS)


def test_all_machines_share_one_pass_over_the_images(machines, place, study):
    said, run = machines
    assert said.count("features resnet18-avgpool-32, ") >= 1
    assert len(list((place / "data" / "cache").glob("resnet18-*/"))) == 1
    again, _ = study(place, "q1_svm", "--only", "layer", "--kernel", "linear", "--C", "1")
    assert "features resnet18" not in again  # another run, other settings, the same features
    results = json.loads((run / "results.json").read_text())["trials"]
    assert len(results) == 4 and all(t["metrics"]["test/accuracy"] > 0.5 for t in results)


def test_a_run_of_machines_ends_with_pictures_and_what_a_seed_means(machines):
    said, run = machines
    kinds = {"kernel_confusion", "kernel_roc", "kernel_heat", "factors", "forest"}
    assert {file.stem for file in (run / "figures").glob("*.svg")} == kinds
    assert "draws nothing at random" in said


def test_every_confusion_matrix_counts_every_test_image_once(machines, finetuned):
    for _, run in (machines, finetuned):
        for file in run.glob("trials/*/test_confusion.csv"):
            matrix, kept = Confusion.load(file.parent), Predictions.load(file.parent)
            counts = np.bincount(kept.label, minlength=len(matrix.classes))
            np.testing.assert_array_equal(matrix.counts.sum(1), counts)
    for file in finetuned[1].glob("trials/*/test_before_confusion.csv"):
        assert Confusion.load(file.parent, before=True).counts.shape == (10, 11)


def test_fine_tuning_says_what_was_saved_and_draws_all_variants_in_one_plot(finetuned):
    said, run = finetuned
    assert "unfreeze=nothing: epochs start after avgpool" in said
    assert "unfreeze=layer4: epochs start after layer3" in said
    assert "no ImageNet head for these classes" in said
    text = (run / "figures" / "unfreeze.svg").read_text()
    assert "unfreeze=nothing" in text and "unfreeze=layer4" in text and "test accuracy" in text


def test_a_scheduled_trial_equals_the_debugged_one_in_every_bit(finetuned, tmp_path, study):
    """Also where the debugger finds no kept features and computes them itself."""
    _, run = finetuned
    trial = next(
        t for t in (run / "trials").iterdir() if "layer4" in (t / "settings.json").read_text()
    )
    study(tmp_path, "q1_finetune", *PARTS, "--debug", "--trial", trial.name)
    debugged = tmp_path / "outputs" / "q1_finetune" / ".debug" / trial.name
    assert numbers(debugged) == numbers(trial)


def numbers(folder):
    ignored = ("timestamp", "time/seconds", "time/train_seconds", "time/epoch_saving")
    lines = TrialFolder(folder).lines
    return [{k: v for k, v in line.items() if k not in ignored} for line in lines]
