"""Trials made up of predictions, healthy and not, with the files that a real one leaves."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from reports.audit import audit_run
from runs.artifacts import Embeddings, Seen
from runs.record import TrialRecord
from trainables.training import evaluation

PARTS = ("train", "val", "test")


@pytest.fixture
def make_trial(tmp_path):
    """A finished trial whose folder holds what an evaluation leaves of these predictions."""

    def make(name, labels=None, predicted=None, classes=None, scores=None, seen=None, **fields):
        """classes: their names, or how many there are."""
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        metrics = {}
        if isinstance(classes, int):
            classes = [f"c{number}" for number in range(classes)]
        if labels is not None:
            scores = np.eye(len(classes))[predicted] if scores is None else scores
            metrics = evaluation.final(folder, classes, labels, scores, scores)
            images = np.bincount(labels, minlength=len(classes)).tolist()
            part = {"size": [8, 8], "per_class": images}
            seen = dict.fromkeys(PARTS, part) | {"shared": 0} | (seen or {})
        if seen is not None:
            (folder / Seen.FILE).write_text(json.dumps(seen))
        own = {
            "key": folder.name, "seed": 0, "sweeps": [], "settings": {}, "status": "finished",
            "reason": None, "diverged": False, "epochs": 0, "metrics": metrics, "seconds": 1.0,
            "lines": [],
        }  # fmt: skip
        return TrialRecord(**(own | fields), folder=folder)

    return make


def _weak(classes, images, accuracy, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), images)
    guesses = generator.integers(0, classes, len(labels))
    right = generator.random(len(labels)) < (accuracy - 1 / classes) / (1 - 1 / classes)
    return labels, np.where(right, labels, guesses)


@pytest.fixture(scope="session")
def weak():
    """Labels, `images` of each class, and predictions that are right so often, else any class."""
    return _weak


@pytest.fixture
def healthy(make_trial):
    """A trial that is right about four of five images in ten classes."""

    def make(name, **fields):
        return make_trial(name, *_weak(10, 50, 0.8), 10, **fields)

    return make


@pytest.fixture
def embedded(make_trial):
    """A trial with these embeddings and epochs, right about one of three images in 50 classes."""

    def make(name, points, lines, loss="center", **settings):
        settings = {"loss": loss, **settings}
        trial = make_trial(name, *_weak(50, 50, 0.3), 50, lines=lines, settings=settings)
        kept = np.asarray(points, np.float16)
        Embeddings(kept, np.zeros(len(kept), int)).save(trial.folder)
        return trial

    return make


@pytest.fixture(scope="session")
def digits():
    """Labels and predictions of 800 digits, by a machine that saw 900, with their labels or not."""

    def predictions(seed, shuffle):
        x, y = load_digits(return_X_y=True)
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(y))
        train, test = order[:900], order[900:1700]
        labels = generator.permutation(y[train]) if shuffle else y[train]
        return y[test], SVC().fit(x[train], labels).predict(x[test])

    return predictions


def _audit(trial):
    return audit_run([trial])[trial.key]


@pytest.fixture(scope="session")
def audit():
    """The audit of one trial by itself."""
    return _audit


@pytest.fixture(scope="session")
def faults():
    """What is wrong with one trial, by the name of the check that says so."""
    return lambda trial: {fault.check: fault.says for fault in _audit(trial).faults}
