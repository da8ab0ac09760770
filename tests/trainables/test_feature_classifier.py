"""Classifiers of frozen features: shared work, determinism, what they leave."""

import numpy as np
import pytest

import metrics
from runs.artifacts import ClassTable, Confusion, Predictions
from service.execution import run_trial
from trainables import feature_classifier
from trainables.feature_classifier import Settings
from trainables.features import extraction, svm

SMALL = {"weights": "none", "image_size": 16, "images_per_class": 12, "model": "resnet18"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


def settings(data, **changes):
    return Settings(**{**SMALL, "data_dir": data, **changes})


def run(chosen, folder, seed=0):
    how = {"seed": seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return run_trial(feature_classifier.train, chosen, folder, **how)


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel": "linear", "scaling": "none"},
        {"kernel": "poly", "layer": "fc"},
        {"gamma": 0.01, "C": 10, "scaling": "minmax"},
        {"classifier": "head", "epochs": 2, "head": "hidden", "test_curves": True},
    ],
    ids=lambda changes: " ".join(f"{k}={v}" for k, v in changes.items()),
)
def test_every_kind_of_trial_leaves_the_predictions_of_its_metrics(data, tmp_path, changes):
    chosen = settings(data, **changes)
    last = list(run(chosen, tmp_path))[-1]
    test = chosen.load(0).test
    kept = Predictions.load(tmp_path)
    np.testing.assert_array_equal(kept.label, test.labels)
    np.testing.assert_array_equal(kept.prediction, kept.scores.argmax(1))
    assert metrics.accuracy(kept.label, kept.prediction) == last["test/accuracy"]
    roc = metrics.one_vs_rest(kept.label, kept.scores)
    assert roc.macro_auc == pytest.approx(last["test/auc_macro"], abs=1e-6)
    assert last["test/auc_3"] == pytest.approx(roc.auc[3], abs=1e-6)
    counts = Confusion.load(tmp_path).counts
    np.testing.assert_array_equal(counts.sum(1), test.per_class)
    assert np.trace(counts) == round(last["test/accuracy"] * len(test))
    table = ClassTable.load(tmp_path)
    assert table.images.tolist() == test.per_class.tolist()
    np.testing.assert_allclose(table.accuracy, counts.diagonal() / test.per_class, atol=1e-6)
    np.testing.assert_allclose(table.auc, roc.auc, atol=2e-6)


def test_labels_belong_to_their_features(data):
    """Features and labels that were shuffled apart would train machines at chance."""
    chosen = settings(data, images_per_class=None, kernel="linear")
    splits = chosen.load(0)
    model = extraction.untouched(chosen, 0)
    rows = extraction.rows_of(splits.train, splits.test)
    kept = extraction.fetch(chosen, splits, model, "avgpool", rows, seed=0, device="cpu")
    sets = {"train": splits.train, "test": splits.test}
    grams = svm.grams(
        svm.scaled({k: kept[extraction.rows_of(v)] for k, v in sets.items()}, "standard"),
        svm.Kernel("linear"),
    )
    machine = svm.fit(grams["train"], splits.train.labels, 1.0)
    predicted = svm.decide(machine, grams["test"], 10).argmax(1)
    assert metrics.accuracy(splits.test.labels, predicted) > 0.8


def test_a_machine_draws_nothing_so_two_trials_agree_in_every_bit(data, tmp_path, numbers):
    for name in ("one", "two"):
        feature_classifier._last_grams = None
        list(run(settings(data), tmp_path / name))
    assert numbers(tmp_path / "one") == numbers(tmp_path / "two")


def test_one_gram_matrix_serves_every_C_and_nothing_else(data, tmp_path, monkeypatch, numbers):
    made = []
    real = svm.grams
    monkeypatch.setattr(svm, "grams", lambda *a: made.append(1) or real(*a))
    feature_classifier._last_grams = None
    alone = {}
    for C in (0.1, 1.0, 10.0):
        list(run(settings(data, C=C), tmp_path / f"shared{C}"))
    assert len(made) == 1
    for C in (10.0, 0.1):
        feature_classifier._last_grams = None
        list(run(settings(data, C=C), tmp_path / f"alone{C}"))
        alone[C] = numbers(tmp_path / f"alone{C}")
        assert numbers(tmp_path / f"shared{C}") == alone[C]
    assert alone[0.1] != alone[10.0]
    made.clear()
    feature_classifier._last_grams = None
    for changes in ({}, {"kernel": "poly"}, {"scaling": "none"}, {"gamma": 0.1}, {"layer": "fc"}):
        list(run(settings(data, **changes), tmp_path / repr(changes)))
    list(run(settings(data), tmp_path / "seed", seed=1))
    assert len(made) == 6


def test_preparing_extracts_all_that_a_trial_reads(tmp_path, monkeypatch):
    chosen = settings(str(tmp_path), layer="fc")
    seen = []
    inputs = chosen.prepare(lambda *progress: seen.append(progress))
    assert inputs["weights"]["left_out"] == []
    assert any(what.startswith("features resnet18-avgpool-16") for what, _, _ in seen)
    monkeypatch.setattr("models.stages.forward", None)  # nothing is left to compute
    assert list(run(chosen, tmp_path / "trial"))[-1]["test/accuracy"] > 0


def test_what_a_seed_means_is_said_where_a_machine_was_trained():
    machine = {"settings": Settings().canonical(), "metrics": {}}
    head = {"settings": Settings(classifier="head").canonical(), "metrics": {}}
    assert "draws nothing at random" in Settings().remarks([head, machine])[0]
    assert Settings().remarks([head]) == []


def test_settings_belong_to_their_classifier_and_kernel():
    names = {"C", "gamma", "degree", "coef0", "epochs", "lr", "head"}
    assert names & set(Settings(kernel="linear").canonical()) == {"C"}
    assert names & set(Settings(kernel="rbf").canonical()) == {"C", "gamma"}
    assert names & set(Settings(kernel="poly").canonical()) == {"C", "gamma", "degree", "coef0"}
    assert names & set(Settings(classifier="head").canonical()) == {"epochs", "lr", "head"}


@pytest.mark.parametrize(
    "changes",
    [{"kernel": "sigmoid"}, {"layer": "layer9"}, {"gamma": "auto"}, {"C": 0}, {"gamma": -1}],
    ids=str,
)
def test_unknown_kernels_and_layers_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        Settings(**changes)


def test_kernel_values_that_do_not_fit_into_memory_are_refused_before_anything_runs(
    data, monkeypatch
):
    import os

    monkeypatch.setattr(os, "sysconf", lambda name: 1024)  # a megabyte in all
    with pytest.raises(ValueError, match=r"train images need .* GiB of memory"):
        settings(data, images_per_class=None).check()
    settings(data, images_per_class=None, classifier="head").check()
