"""The files of a trial, made up: one of each kind."""

from types import SimpleNamespace

import numpy as np
import pytest

from runs import artifacts
from runs.artifacts import ClassTable, Confusion, Embeddings, Predictions, Seen, Split, Updates

NAMES = ("cat", 'a "small", dog')


def predictions(images=5, classes=NAMES, seed=0):
    random = np.random.default_rng(seed)
    said, at_best, label = random.integers(0, len(classes), (3, images))
    scores, scores_at_best = random.normal(size=(2, images, len(classes))).astype(np.float32)
    return Predictions(label, said, np.arange(images), scores, at_best, scores_at_best, classes)


def embeddings(images=5, seed=0):
    random = np.random.default_rng(seed)
    points = random.normal(size=(images, 3)).astype(np.float16)
    points[images // 2] = np.nan
    return Embeddings(points, random.integers(0, 9, images), 2 * np.arange(images))


def updates(samples=4, layers=("conv", "fc"), adam=True, seed=0):
    random = np.random.default_rng(seed)

    def numbers(*shape):
        return random.normal(size=shape).astype(np.float32)

    norms = {f"{of}_norm": numbers(samples, len(layers)) for of in ("weight", "gradient", "update")}
    one = {
        name: numbers(samples) for name in ("gradient_cosine", "update_cosine", "noise", "signal")
    }
    one["noise"][:1] = np.nan
    steps = {"effective_step": numbers(samples, 3), "effective_step_quantiles": np.arange(3) / 4}
    return Updates(
        step=np.arange(samples), epoch=np.ones(samples, np.int64), layers=layers, batch_size=64,
        weights=1_000, sketch=numbers(samples, 8), **norms, **one, **(steps if adam else {}),
    )  # fmt: skip


def curve(epochs=3, images=11, seed=0):
    random = np.random.default_rng(seed)
    right = random.integers(0, 2, (epochs, images)).astype(bool)
    return artifacts.HitCurve(right, random.integers(0, 9, images))


def confusion(classes=NAMES, seed=0):
    counts = np.random.default_rng(seed).integers(0, 99, (len(classes), len(classes) + 1))
    return Confusion(classes, (*classes, "other"), counts)


def class_table(classes=NAMES):
    numbers = np.arange(len(classes)) / 8
    return ClassTable(classes, np.arange(len(classes)), numbers, np.full(len(classes), np.nan))


SEEN = Seen(Split((6, 5), (3, 2)), Split((6, 5), (1, 0)), Split((6, 5), (4, 4)), 2)


ARRAYS = [predictions(), embeddings(), updates(), curve()]
OTHERS = [SEEN, confusion(), class_table()]


def by_file(made):
    return made.FILE


@pytest.fixture(scope="session", params=[*ARRAYS, *OTHERS], ids=by_file)
def made(request):
    """One of each kind."""
    return request.param


@pytest.fixture(scope="session", params=ARRAYS, ids=by_file)
def made_arrays(request):
    """One of each kind that is arrays."""
    return request.param


@pytest.fixture(scope="session")
def make():
    """make.predictions(...), make.updates(...), ...: one of a kind with these numbers."""
    return SimpleNamespace(
        predictions=predictions, embeddings=embeddings, updates=updates, curve=curve,
        confusion=confusion, class_table=class_table, seen=SEEN, names=NAMES,
    )  # fmt: skip
