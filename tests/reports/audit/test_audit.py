"""What an audit finds: three faults that were once published, each check, and healthy trials."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from reports.audit import audit, audit_run
from runs.artifacts import Confusion, Embeddings, Predictions, Seen
from runs.record import TrialRecord
from trainables.training import evaluation as classification_report

DIGITS = [str(digit) for digit in range(10)]
PARTS = ("train", "val", "test")


def made(folder, labels=None, predicted=None, classes=None, scores=None, seen=None, **fields):
    """A finished trial whose folder holds what `final` leaves of these predictions."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {}
    if labels is not None:
        scores = np.eye(len(classes))[predicted] if scores is None else scores
        metrics = classification_report.final(folder, classes, labels, scores, scores)
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


def weak(classes, images, accuracy, seed=0):
    """Labels, `images` of each class, and predictions that are right so often, else any class."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), images)
    guesses = generator.integers(0, classes, len(labels))
    right = generator.random(len(labels)) < (accuracy - 1 / classes) / (1 - 1 / classes)
    return labels, np.where(right, labels, guesses)


def names(count):
    return [f"c{number}" for number in range(count)]


def healthy(folder, **fields):
    return made(folder, *weak(10, 50, 0.8), names(10), **fields)


def found(trial):
    return {finding.check: finding.says for finding in audit(trial).findings}


def digits(seed, shuffle):
    """Labels and predictions of 800 digits, by a machine that saw 900, with their labels or not."""
    x, y = load_digits(return_X_y=True)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(y))
    train, test = order[:900], order[900:1700]
    labels = generator.permutation(y[train]) if shuffle else y[train]
    return y[test], SVC().fit(x[train], labels).predict(x[test])


# The three faults that were once published.


@pytest.mark.parametrize("seed", range(8))
def test_features_that_were_shuffled_against_their_labels_are_caught(seed, tmp_path):
    assert "chance" in found(made(tmp_path / "t", *digits(seed, shuffle=True), DIGITS))


def test_groups_with_lucky_names_are_no_knowledge_though_many_images_are_right(tmp_path):
    labels = np.repeat(np.arange(10), 80)
    lucky = np.array([0, 1, 3, 4, 5, 6, 7, 8, 9, 2])[labels]  # two of ten names are right
    says = found(made(tmp_path / "t", labels, lucky, DIGITS))["chance"]
    assert "20.0 %" in says and "10.0 ± 10.0 %" in says and "at random" in says


def test_two_merged_classes_are_caught(tmp_path):
    labels, predicted = weak(10, 800, 0.6)
    labels, predicted = np.minimum(labels, 8), np.minimum(predicted, 8)
    part = {"size": [8, 8], "per_class": [800] * 10}
    trial = made(tmp_path / "t", labels, predicted, names(9), seen=dict.fromkeys(PARTS, part))
    findings = found(trial)
    assert set(findings) == {"confusion_shape", "confusion_rows"}
    assert "9 x 9" in findings["confusion_shape"] and "10 classes" in findings["confusion_shape"]
    assert "1,600 images of c8" in findings["confusion_rows"]


def test_merged_classes_are_caught_in_a_matrix_of_the_right_shape(tmp_path):
    labels, predicted = weak(10, 800, 0.6)
    labels, predicted = np.minimum(labels, 8), np.minimum(predicted, 8)
    part = {"size": [8, 8], "per_class": [800] * 10}
    trial = made(tmp_path / "t", labels, predicted, names(10), seen=dict.fromkeys(PARTS, part))
    findings = found(trial)
    assert set(findings) == {"confusion_rows", "class_never_predicted"}
    assert "c9" in findings["class_never_predicted"]


def lines(entropies, extras, norms=None):
    norms = norms or [20.0] * len(entropies)
    return [
        {"epoch": epoch, "train/cross_entropy": ce, "train/auxiliary_loss": extra,
         "train/embedding_norm": norm}
        for epoch, (ce, extra, norm) in enumerate(zip(entropies, extras, norms, strict=True), 1)
    ]  # fmt: skip


def embedded(folder, points, epochs, loss="center", **settings):
    """A trial of 50 classes with these embeddings and epochs, right about one image in three."""
    trial = made(
        folder, *weak(50, 50, 0.3), names(50), lines=epochs, settings={"loss": loss, **settings}
    )
    kept = np.asarray(points, np.float16)
    Embeddings(kept, np.zeros(len(kept), int)).save(folder)
    return trial


SPREAD = np.random.default_rng(0).normal(size=(200, 64))
ONE_POINT = 0.3 + 1e-3 * SPREAD
LEARNS = lines([3.7, 2.9, 1.2], [249.0, 230.0, 206.0])
COLLAPSES = lines([3.871, 3.913, 3.912], [204.8, 0.85, 0.0017], [20.3, 1.4, 0.067])


def test_a_collapsed_center_loss_is_caught(tmp_path):
    trial = embedded(tmp_path / "t", ONE_POINT, COLLAPSES)
    trial = replace(trial, metrics={**trial.metrics, "test/accuracy": 0.0212})
    findings = found(trial)
    assert set(findings) == {"stuck_at_ln_c", "collapsed", "chance"}
    assert "3.912" in findings["stuck_at_ln_c"] and "0.0017" in findings["stuck_at_ln_c"]


# Healthy trials raise nothing.


def test_a_real_machine_raises_nothing(tmp_path):
    trial = made(tmp_path / "t", *digits(0, shuffle=False), DIGITS)
    assert audit(trial).findings == [] and audit(trial).unchecked == []


@pytest.mark.parametrize("seed", range(5))
def test_a_weak_classifier_raises_nothing(seed, tmp_path):
    trial = made(tmp_path / "t", *weak(50, 50, 0.05, seed), names(50))
    assert trial.metrics["test/accuracy"] < 0.07 and found(trial) == {}


@pytest.mark.parametrize("classes", [2, 5, 12])
def test_an_imbalanced_test_set_raises_nothing(classes, tmp_path):
    labels = np.repeat(
        np.arange(classes), [400] + [4 if classes > 2 else 40] + [40] * (classes - 2)
    )
    wrong = np.random.default_rng(0).random(len(labels)) < 0.02
    predicted = np.where(wrong | ((labels == 1) & (classes > 2)), 0, labels)
    assert found(made(tmp_path / "t", labels, predicted, names(classes))) == {}


@pytest.mark.parametrize("loss", ["center", "triplet", "cross_entropy"])
def test_an_embedding_that_learns_raises_nothing(loss, tmp_path):
    epochs = {
        "center": LEARNS,
        "triplet": lines([3.7, 2.9, 2.2, 1.2], [0.3, 0.25, 0.22, 0.2]),  # passes its margin
        "cross_entropy": lines([3.7, 2.9, 1.2], [0.0, 0.0, 0.0]),
    }[loss]
    trial = embedded(tmp_path / "t", SPREAD, epochs, loss, margin=0.2)
    assert audit(trial).findings == [] and audit(trial).unchecked == []


# Each check.


def test_the_largest_class_is_what_chance_means(tmp_path):
    labels = np.repeat([0, 1], [700, 300])
    wrong = np.random.default_rng(0).random(1000) < 0.3
    says = found(made(tmp_path / "t", labels, np.where(wrong, 1 - labels, labels), ["a", "b"]))
    assert "70.0 %" in says["chance"] and "1,000 images" in says["chance"]
    assert "independent" not in says  # it has learnt, only not enough


def test_predictions_that_do_not_depend_on_labels(tmp_path):
    labels, predicted = weak(10, 100, 0.1)
    says = found(made(tmp_path / "t", labels, predicted, names(10)))
    assert set(says) == {"chance", "independent"} and "1,000" in says["independent"]


def test_all_in_one_class(tmp_path):
    labels, _ = weak(10, 100, 0.1)
    says = found(made(tmp_path / "t", labels, np.full(1000, 3), names(10)))
    assert set(says) == {"chance", "independent", "class_never_predicted"}
    assert "predicted to be c3" in says["independent"]
    assert "c0, c1, c2, c4, c5 and 4 more" in says["class_never_predicted"]


def test_too_few_images_for_a_chi_square_test_are_said_to_be(tmp_path):
    labels = np.arange(10)
    trial = made(tmp_path / "t", labels, labels, names(10))
    assert audit(trial).findings == []
    assert audit(trial).unchecked == ["too few test images: independent"]


def test_a_class_that_is_never_predicted_is_named_if_it_has_images(tmp_path):
    labels = np.repeat([0, 1, 2], [50, 50, 4])
    predicted = np.minimum(labels, 1)
    assert found(made(tmp_path / "few", labels, predicted, ["a", "b", "c", "none"])) == {}
    labels, predicted = np.append(labels, 2), np.append(predicted, 1)
    says = found(made(tmp_path / "five", labels, predicted, ["a", "b", "c", "none"]))
    assert says == {"class_never_predicted": "Never predicted, of 4 classes: c."}


def test_rows_are_compared_with_what_the_trial_was_given(tmp_path):
    part = {"size": [8, 8], "per_class": [50] * 9 + [49]}
    says = found(healthy(tmp_path / "t", seen={"test": part}))
    assert "50 images of c9" in says["confusion_rows"] and "49" in says["confusion_rows"]


def test_a_few_shared_images_are_told_and_put_no_number_in_doubt(tmp_path):
    """One of 500 moves accuracy by 0.2 points, one of 5,000 by 0.02."""
    part = {"size": [64, 64], "per_class": [2500, 2500]}
    trial = healthy(tmp_path / "t", seen={"shared": 1})
    assert set(found(trial)) == {"shared_images"} and not audit(trial).remarks
    (trial.folder / Seen.FILE).write_text(json.dumps({**dict.fromkeys(PARTS, part), "shared": 1}))
    assert "shared_images" not in found(trial)
    assert list(audit(trial).remarks) == ["1 of 5,000 test image is also in train or validation."]


def test_shared_images_and_sizes(tmp_path):
    other = {"size": [64, 48], "per_class": [50] * 10}
    says = found(healthy(tmp_path / "t", seen={"shared": 3, "train": other}))
    assert set(says) == {"shared_images", "sizes_differ"}
    assert says["shared_images"].startswith("3 of 500") and "64x48" in says["sizes_differ"]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite(value, tmp_path):
    epochs = [{"epoch": 1, "train/loss": 1.0}, {"epoch": 2, "train/loss": value}]
    trial = healthy(tmp_path / "lines", lines=epochs)
    assert found(trial) == {"not_finite": f"train/loss is {value} in epoch 2."}
    trial = healthy(tmp_path / "metrics")
    trial = replace(trial, metrics={**trial.metrics, "test/ece": value})
    assert found(trial) == {"not_finite": f"test/ece is {value}."}
    labels, predicted = weak(10, 50, 0.8)
    scores = np.full((500, 10), value)
    said = Predictions(labels, predicted, scores=scores, classes=tuple(names(10)))
    said.save(tmp_path / "metrics")
    assert "5,000 of 5,000 scores" in found(replace(trial, metrics={}))["not_finite"]
    points = SPREAD.copy()
    points[0, 0] = value
    trial = embedded(tmp_path / "embeddings", points, LEARNS)
    assert "1 of 12,800 values" in found(trial)["not_finite"]
    assert audit(trial).unchecked == ["no two finite embeddings: collapsed"]


@pytest.mark.parametrize(
    "entropies, extras",
    [
        ([3.9, 3.9], [200.0, 3.0]),  # the auxiliary loss is still there
        ([3.7, 3.5], [200.0, 0.01]),  # cross-entropy falls
        ([3.9, 3.9], [0.0, 0.0]),  # there is no auxiliary loss
    ],
)
def test_being_stuck_takes_both_losses(entropies, extras, tmp_path):
    assert found(embedded(tmp_path / "t", SPREAD, lines(entropies, extras))) == {}


@pytest.mark.parametrize(
    "points",
    [ONE_POINT, np.zeros((9, 4)), 0.003 * SPREAD],
    ids=["one direction", "zero", "hardly any length"],
)
def test_embeddings_that_collapsed(points, tmp_path):
    assert set(found(embedded(tmp_path / "t", points, LEARNS))) == {"collapsed"}


@pytest.mark.parametrize(
    "settings, value, says",
    [
        ({"margin": 0.2}, 0.2001, "margin of 0.2"),
        ({"margin": 2.0}, 1.995, "margin of 2"),
        ({"soft_margin": True}, 0.6935, "ln 2"),
    ],
)
def test_a_triplet_loss_that_stays_at_its_margin(settings, value, says, tmp_path):
    epochs = lines([3.7, 2.9, 2.0], [value + 0.1, value, value])
    trial = embedded(tmp_path / "t", SPREAD, epochs, "triplet", **settings)
    assert says in found(trial)["triplet_at_margin"]
    assert found(replace(trial, settings={**settings, "loss": "center"})) == {}


def test_a_margin_of_zero_is_met_by_a_loss_of_zero(tmp_path):
    epochs = lines([3.7, 2.9], [0.1, 0.0])
    assert found(embedded(tmp_path / "t", SPREAD, epochs, "triplet", margin=0.0)) == {}


# Controls.


def test_one_batch_has_to_be_learnt_and_nothing_else(tmp_path):
    def control(name, accuracy):
        epochs = [{"epoch": 1, "train/accuracy": 0.99}, {"epoch": 2, "train/accuracy": accuracy}]
        at_chance = np.full(500, 3)
        labels, _ = weak(10, 50, 0.1)
        settings = {"control": "one_batch"}
        return made(tmp_path / name, labels, at_chance, names(10), lines=epochs, settings=settings)

    assert found(control("learns", 0.95)) == {}
    says = found(control("does not", 0.94))
    assert set(says) == {"one_batch_not_learnt"} and "94.0 %" in says["one_batch_not_learnt"]


def shuffled(folder, accuracy, **fields):
    settings = {"control": "shuffled_labels", "C": 1.0}
    return made(folder, *weak(10, 50, accuracy), names(10), settings=settings, **fields)


def test_shuffled_labels_end_at_chance_and_data_is_still_checked(tmp_path):
    assert found(shuffled(tmp_path / "t", 0.1)) == {}
    assert set(found(shuffled(tmp_path / "u", 0.1, seen={"shared": 1}))) == {"shared_images"}


@pytest.mark.parametrize("accuracy, learnt", [(0.1, False), (0.35, False), (0.6, True)])
def test_shuffled_labels_are_compared_with_the_ordinary_trial(accuracy, learnt, tmp_path):
    control = shuffled(tmp_path / "control", accuracy)
    ordinary = healthy(tmp_path / "ordinary", settings={"C": 1.0})
    audits = audit_run([control, ordinary])
    assert audits["ordinary"] == audit(ordinary)
    checks = [finding.check for finding in audits["control"].findings]
    assert checks == ["shuffled_labels_learnt"] * learnt and not audits["control"].unchecked


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"settings": {"C": 2.0}}, {"status": "failed", "metrics": {}}]
)
def test_only_a_finished_trial_of_the_same_settings_and_seed_compares(other, tmp_path):
    control = shuffled(tmp_path / "control", 0.6)
    ordinary = healthy(tmp_path / "ordinary", settings={"C": 1.0})
    of = audit_run([control, replace(ordinary, **other)])["control"]
    assert of.findings == []
    assert of.unchecked == ["no finished ordinary trial: shuffled_labels_learnt"]


def test_an_ordinary_trial_at_chance_compares_with_nothing(tmp_path):
    ordinary = made(tmp_path / "o", *weak(10, 50, 0.1), names(10), settings={"C": 1.0})
    of = audit_run([shuffled(tmp_path / "control", 0.6), ordinary])["control"]
    assert of.unchecked == ["the ordinary trial is itself at chance: shuffled_labels_learnt"]


# What is not there.


def test_an_empty_folder_is_unchecked_and_no_error(tmp_path):
    of = audit(made(tmp_path / "t"))
    assert of.findings == []
    assert "no seen.json: shared_images, sizes_differ, confusion_rows" in of.unchecked
    unchecked = " ".join(of.unchecked)
    assert all(name in unchecked for name in ("chance", "independent", "confusion_shape"))


@pytest.mark.parametrize("content", [b"", b"{", b"true", b'{"test": 3}', b"PK\x03\x04", b"\xff"])
def test_broken_files_are_unchecked_and_no_error(content, tmp_path):
    trial = embedded(tmp_path / "t", SPREAD, LEARNS)
    for file in trial.folder.iterdir():
        file.write_bytes(content)
    of = audit(trial)
    assert of.findings == [] and "seen.json cannot be read" in " ".join(of.unchecked)


def test_a_kept_trial_is_audited_by_its_matrix_or_its_bare_predictions(tmp_path):
    labels, predicted = weak(10, 100, 0.1)
    trial = made(tmp_path / "t", labels, predicted, names(10))
    (trial.folder / Seen.FILE).unlink()
    (trial.folder / Predictions.FILE).unlink()
    assert set(found(trial)) == {"chance", "independent"}
    Predictions(labels, predicted).save(trial.folder)
    (trial.folder / Confusion.FILE).unlink()
    assert set(found(trial)) == {"chance", "independent"}
    assert "no scores in predictions.npz: not_finite" in audit(trial).unchecked


def test_a_trial_that_did_not_finish_is_audited_by_its_epochs_and_data(tmp_path):
    part = {"size": [8, 8], "per_class": [50] * 50}
    seen = dict.fromkeys(PARTS, part) | {"shared": 200}
    trial = made(tmp_path / "t", seen=seen, lines=COLLAPSES, status="stopped")
    assert set(found(trial)) == {"shared_images", "stuck_at_ln_c"}
    assert audit(trial).unchecked == ["the trial is stopped: all of its test set"]


# Properties.


@pytest.mark.parametrize("accuracy", [0.1, 0.12, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_classes_does_not_matter(accuracy, seed, tmp_path):
    labels, predicted = weak(10, 100, accuracy, seed)
    predicted[predicted == 7] = 2
    order = np.random.default_rng(seed).permutation(10)
    renamed = np.array(names(10))[np.argsort(order)].tolist()
    one = audit(made(tmp_path / "a", labels, predicted, names(10)))
    other = audit(made(tmp_path / "b", order[labels], order[predicted], renamed))
    assert one == other and "c7" in one.findings[-1].says


def test_an_audit_repeats_itself(tmp_path):
    trial = made(tmp_path / "t", *digits(0, shuffle=True), DIGITS)
    assert audit(trial) == audit(trial)
