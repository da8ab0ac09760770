"""Question 1 on a folder that gives its validation set: machines run once, decided over images."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from models import resnet
from reports.reading import reading
from runs.folder import RunFolder

COUNTS = {"train": 60, "val": 20, "test": 250}  # images of each of three classes


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Shades that are hard to tell apart, and weights that were never trained."""
    place, random = tmp_path_factory.mktemp("given"), np.random.default_rng(0)
    for part, number in COUNTS.items():
        for shade, name in ((118, "dark"), (128, "grey"), (138, "light")):
            folder = place / "pets" / part / name
            folder.mkdir(parents=True)
            for i in range(number):
                pixels = random.normal(shade, 60, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    model, _ = resnet.build("resnet18", 1000)
    torch.save(model.state_dict(), place / "weights.pth")
    return place


@pytest.fixture(scope="module")
def q1(place):
    def run(*words):
        env = {**os.environ, "STUDIES_DATA_DIR": str(place / "data")}
        env.pop("MLFLOW_TRACKING_URI", None)
        command = [sys.executable, "-m", "studies.q1_svm", *words]
        return subprocess.run(command, cwd=place, env=env, capture_output=True, text=True)

    return run


@pytest.fixture(scope="module")
def ran(q1, place):
    words = ["--dataset", "folder:pets", "--weights", "weights.pth", "--model", "resnet18"]
    done = q1(*words, "--image-size", "16", "--only", "kernel", "--seeds", "1", "--C", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (place / "outputs" / "q1_svm").glob("2*")
    return done.stdout, RunFolder(run)


def test_one_seed_is_decided_over_images_alone(ran):
    said, folder = ran
    study = folder.study
    assert study.dataset["validation"] == "given"
    assert study.dataset["counts"] == {part: 3 * number for part, number in COUNTS.items()}
    assert len(study.trials) == 9 and not any(trial.draws for trial in study.trials)
    read = reading(folder.read())
    scaling = next(one for one in read.verdicts if one.claim.id == "q1.scaling")
    assert scaling.status == "refuted" and "q1.scaling: REFUTED" in said
    every = [*read.compared.differences.values()]
    assert len(every) == 8
    assert {(one.seeds, one.images, one.drawn) for one in every} == {(1, 750, False)}
    assert "intervals over 750 images; nothing is drawn" in said
    assert "Validation is given" in said and "its seed only chooses" not in said


def test_the_page_and_the_answer_as_data_say_so(ran):
    _, folder = ran
    page = (folder.path / "report.html").read_text()
    assert "750 images; nothing is drawn" in page and "validation is given" in page
    assert "One seed knows" not in page and "Seeds are paired" not in page
    answer = json.loads((folder.path / "answer.json").read_text())
    assert not any(one["drawn"] for one in answer["differences"])


def test_more_seeds_add_nothing(ran, q1):
    _, folder = ran
    done = q1("--resume", str(folder.path), "--seeds", "3")
    assert done.returncode == 0 and "Nothing is left to do" in done.stdout
    more = q1("--resume", str(folder.path), "--seeds", "3", "--only", "classifier", "--dry-run")
    assert "q1_svm: 3 trials" in more.stdout and "classifier=head seed=2" in more.stdout


def test_a_share_of_train_for_validation_is_refused(q1):
    words = ["--dataset", "folder:pets", "--weights", "weights.pth", "--val-fraction", "0.2"]
    done = q1(*words, "--dry-run")
    assert done.returncode == 2
    assert done.stderr.strip() == "--val-fraction changes nothing: no selected variant uses it."
