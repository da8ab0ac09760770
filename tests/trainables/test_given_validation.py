"""With a validation set that is given, a support vector machine draws nothing."""

import numpy as np
import pytest
import torch
from PIL import Image

from models import resnet
from runs.artifacts import Predictions
from runs.errors import UsageError
from service.execution import run_trial
from service.study import Study
from trainables import feature_classifier
from trainables.feature_classifier import Settings

COUNTS = {"train": 12, "val": 4, "test": 9}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Pictures of two classes that are hard to tell apart, and weights."""
    place, random = tmp_path_factory.mktemp("given"), np.random.default_rng(0)
    for part, number in COUNTS.items():
        for shade, name in ((120, "dark"), (136, "light")):
            folder = place / "pets" / part / name
            folder.mkdir(parents=True)
            for i in range(number):
                pixels = random.normal(shade, 40, (16, 16, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    model, _ = resnet.build("resnet18", 1000)
    torch.save(model.state_dict(), place / "weights.pth")
    return place


@pytest.fixture
def settings(place):
    def make(**changes):
        given = {
            "dataset": f"folder:{place / 'pets'}",
            "data_dir": str(place / "data"),
            "weights": str(place / "weights.pth"),
            "image_size": 16,
        }
        return Settings(**given | changes)

    return make


def trained(settings, folder, numbers, seed):
    how = {"seed": seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    feature_classifier._last_grams = None
    list(run_trial(feature_classifier.train, settings, folder, **how))
    return numbers(folder), Predictions.load(folder).scores


@pytest.mark.parametrize("changes", [{}, {"kernel": "linear", "layer": "fc"}, {"stem": "small"}])
def test_a_machine_has_the_same_numbers_whatever_the_seed(settings, tmp_path, numbers, changes):
    chosen = settings(**changes)
    one, other = (trained(chosen, tmp_path / str(seed), numbers, seed) for seed in (0, 5))
    assert not chosen.draws and one[0] == other[0] and one[0]
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"images_per_class": 6},
        {"weights": "none"},
        {"control": "shuffled_labels"},
    ],
)
def test_what_does_draw_has_others(settings, tmp_path, numbers, changes):
    chosen = settings(**changes)
    one, other = (trained(chosen, tmp_path / str(seed), numbers, seed) for seed in (0, 5))
    assert chosen.draws and not np.array_equal(one[1], other[1])


def test_a_split_that_is_carved_is_drawn_and_so_is_what_is_not_there(settings, tmp_path):
    assert settings(dataset="digits").draws and settings(classifier="head").draws
    assert settings(dataset=f"folder:{tmp_path}/none").draws


def test_the_share_of_train_means_nothing_and_is_refused(settings):
    assert "val_fraction" not in settings().canonical()
    assert "val_fraction" in settings(dataset="digits").canonical()
    sweeps = {"C": {"C": {"grid_search": [0.1, 1.0]}}}
    study = Study("toy", "?", feature_classifier.train, settings(), sweeps, "val/accuracy")
    with pytest.raises(UsageError, match="--val-fraction changes nothing"):
        study.overridden({"val_fraction": ["0.3"]})


def test_it_is_said_and_recorded_and_a_seed_is_not_said_to_choose_images(settings):
    chosen = settings()
    inputs = chosen.prepare()
    assert inputs["dataset"]["validation"] == "given"
    assert inputs["dataset"]["counts"] == {part: 2 * n for part, n in COUNTS.items()}
    assert "Validation is given" in chosen.notes(inputs)[0]
    assert chosen.remarks([{"settings": chosen.canonical(), "metrics": {}}]) == []
