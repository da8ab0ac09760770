"""What a measure is the mean of: a value a test image."""

import numpy as np
import pytest

from claims.measures import ACCURACY, At, EpochsTo, Gap, Last, Rise, Roughness, Total
from runs.artifacts import Predictions

LABELS = np.array([0, 1, 2, 2, 1, 0, 1])
SAID = np.array([0, 1, 2, 1, 1, 2, 1])
RIGHT = [1, 1, 1, 0, 1, 0, 1]
METRICS = {"test/accuracy": 5 / 7, "train/accuracy": 0.9, "train/loss": 0.1}


@pytest.fixture
def trial(tmp_path, made_trial):
    Predictions(label=LABELS, prediction=SAID).save(tmp_path)
    return made_trial({}, metrics=METRICS, folder=tmp_path)


def test_test_accuracy_is_the_mean_of_which_images_are_right(trial):
    assert ACCURACY.images(trial).tolist() == RIGHT
    assert ACCURACY.labels(trial).tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("gap", "values"),
    [
        (Gap(metric="train/accuracy", less="test/accuracy"), 0.9 - np.array(RIGHT)),
        (Gap(metric="test/accuracy", less="train/accuracy"), np.array(RIGHT) - 0.9),
    ],
)
def test_a_gap_has_the_images_of_the_one_that_has_any(trial, gap, values):
    assert gap.images(trial) == pytest.approx(values)
    assert gap.images(trial).mean() == pytest.approx(gap.of(trial, None))
    assert gap.labels(trial).tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    "measure",
    [
        Last(metric="train/accuracy"),
        Gap(metric="train/accuracy", less="train/loss"),
        Gap(metric="test/accuracy", less="val/accuracy"),  # which was not measured
        At(metric="test_curve/accuracy", share=0.5),
        Rise(metric="test/accuracy"),
        Total(metric="test/accuracy"),
        Roughness(metric="test/accuracy"),
        EpochsTo(metric="test/accuracy"),
    ],
)
def test_other_measures_have_none(trial, measure):
    assert measure.images(trial) is None and measure.labels(trial) is None


def test_predictions_of_another_state_or_none_at_all_do_not_count(made_trial, trial, tmp_path):
    gap = Gap(metric="train/accuracy", less="test/accuracy")
    changed = made_trial({}, metrics=METRICS | {"test/accuracy": 4 / 7}, folder=trial.folder)
    without = made_trial({}, metrics=METRICS, folder=tmp_path / "nowhere")
    for other in (changed, without):
        assert ACCURACY.images(other) is ACCURACY.labels(other) is gap.images(other) is None


def test_two_trials_are_seen_to_be_of_the_same_images_or_not(made_trial, trial, tmp_path):
    (tmp_path / "other").mkdir()
    Predictions(label=LABELS[::-1], prediction=SAID[::-1]).save(tmp_path / "other")
    other = made_trial({}, metrics=METRICS, folder=tmp_path / "other")
    assert len(ACCURACY.images(other)) == len(ACCURACY.images(trial))
    assert not np.array_equal(ACCURACY.labels(other), ACCURACY.labels(trial))
