"""What trainables do on a CPU they do on a GPU; skipped without one."""

import subprocess
import sys

import pytest
import torch

from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables import cnn, embedding, feature_classifier, finetune

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

SMALL = {"image_size": 32, "images_per_class": 20}
RESNET = {**SMALL, "weights": "none", "epochs": 2}
TRIALS = {
    "cnn": (cnn, {**SMALL, "epochs": 2, "optimizer": "nadam", "update_samples": 2}),
    "cnn normalised": (
        cnn,
        {**SMALL, "epochs": 2, "batch_norm": True, "schedule": "one_cycle", "test_flip": True},
    ),
    "triplet": (
        embedding,
        {**RESNET, "loss": "triplet", "mining": "batch_all", "samples_per_class": 4},
    ),
    "center": (embedding, {**RESNET, "loss": "center", "samples_per_class": 4}),
    "end": (finetune, {**RESNET, "unfreeze": "layer4"}),
    "everything": (finetune, {**RESNET, "unfreeze": "everything", "augment": "crop_flip"}),
    "efficientnet": (finetune, {**RESNET, "model": "efficientnet_lite0", "unfreeze": "layer4"}),
    "features": (feature_classifier, {**RESNET, "classifier": "head"}),
    "patience": (feature_classifier, {**RESNET, "classifier": "head", "patience": 3}),
}
HOW = {"seed": 0, "threads": 1, "metric": "val/accuracy", "mode": "max"}


@pytest.fixture
def settings(tmp_path):
    def of(name):
        return TRIALS[name][0].Settings(data_dir=str(tmp_path / "data"), **TRIALS[name][1])

    return of


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_gives_the_same_bits_again_and_when_it_was_cut(name, settings, same_when_cut):
    train = TRIALS[name][0].train

    def start(folder):
        return run_trial(train, settings(name), folder, gpus=0.2, **HOW)

    same_when_cut(start)


@pytest.mark.parametrize(("before", "after"), [(0.2, 0), (0, 0.2)])
@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_goes_on_on_another_device(name, settings, before, after, tmp_path):
    train = TRIALS[name][0].train
    first = run_trial(train, settings(name), tmp_path / "moved", gpus=before, **HOW)
    next(first)
    first.close()
    list(run_trial(train, settings(name), tmp_path / "moved", gpus=after, **HOW))
    files = TrialFolder(tmp_path / "moved")
    assert files.ending.status == "finished"
    assert [line["epoch"] for line in files.lines] == [1, 2, 2]


def test_a_frozen_beginning_is_kept_as_the_gpu_computes_it(settings, tmp_path, numbers):
    list(run_trial(finetune.train, settings("end"), tmp_path / "trial", gpus=0.2, **HOW))
    assert numbers(tmp_path / "trial")[0]["train/prefix_difference"] < 1e-6


ONE = """
import sys
from pathlib import Path
from service.execution import run_trial
from trainables import embedding
settings = embedding.Settings.model_validate_json(sys.argv[2])
how = {"seed": 0, "threads": 1, "metric": "val/accuracy", "mode": "max"}
list(run_trial(embedding.train, settings, Path(sys.argv[1]), gpus=0.5, **how))
"""


def test_two_trials_that_share_a_gpu_give_the_numbers_of_one_alone(settings, tmp_path, numbers):
    its = settings("triplet")
    list(run_trial(embedding.train, its, tmp_path / "alone", gpus=0.5, **HOW))
    words = [sys.executable, "-c", ONE]
    both = [tmp_path / "one", tmp_path / "other"]
    started = [subprocess.Popen([*words, str(x), its.model_dump_json()]) for x in both]
    assert [process.wait() for process in started] == [0, 0]
    assert numbers(both[0]) == numbers(both[1]) == numbers(tmp_path / "alone")
