"""Metrics, scores and embeddings that are NaN or infinite."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runs.artifacts import Predictions

pytestmark = pytest.mark.parametrize("value", [math.nan, math.inf])


def test_a_metric_of_an_epoch(value, healthy, faults):
    epochs = [{"epoch": 1, "train/loss": 1.0}, {"epoch": 2, "train/loss": value}]
    trial = healthy("t", lines=epochs)
    assert faults(trial) == {"not_finite": f"train/loss is {value} in epoch 2."}


def test_a_metric_of_the_test(value, healthy, faults):
    trial = healthy("t")
    trial = replace(trial, metrics={**trial.metrics, "test/ece": value})
    assert faults(trial) == {"not_finite": f"test/ece is {value}."}


def test_scores(value, weak, healthy, faults):
    labels, predicted = weak(10, 50, 0.8)
    trial = healthy("t")
    names = tuple(f"c{number}" for number in range(10))
    scores = np.full((500, 10), value)
    Predictions(labels, predicted, scores=scores, classes=names).save(trial.folder)
    assert "5,000 of 5,000 scores" in faults(replace(trial, metrics={}))["not_finite"]


def test_embeddings(value, embedded, faults, audit):
    points = np.random.default_rng(0).normal(size=(200, 64))
    points[0, 0] = value
    trial = embedded("t", points, [])
    assert "1 of 12,800 values" in faults(trial)["not_finite"]
    assert audit(trial).unchecked == ["no two finite embeddings: collapsed"]
