"""ROC curves of variants, where a trial has not left what they need."""

import numpy as np

from reports.figures import roc
from runs.artifacts import Predictions

CLASSES = ("cat", "dog")
LABELS = np.arange(8) % 2


def left(folder, values=None, classes=CLASSES):
    folder.mkdir()
    Predictions(LABELS, LABELS, scores=values, classes=classes).save(folder)
    return folder


def test_a_trial_without_scores_has_no_curve_and_one_without_names_has_numbers(tmp_path):
    said = np.eye(2, dtype=np.float32)[LABELS]
    broken = left(tmp_path / "broken", said)
    (broken / Predictions.FILE).write_bytes(b"PK")
    folders = {
        "named": left(tmp_path / "named", said),
        "kept": left(tmp_path / "kept"),
        "unnamed": left(tmp_path / "unnamed", said, None),
        "broken": broken,
        "none": tmp_path / "none",
    }
    curves = roc.read(folders)
    assert set(curves) == {"named", "unnamed"}
    assert set(curves["named"]) == {"micro", "macro", "cat", "dog"}
    assert set(curves["unnamed"]) == {"micro", "macro", "0", "1"}


def test_it_says_by_what_images_are_ordered(tmp_path):
    chances = np.float32([[0.8, 0.2], [0.3, 0.7]])[LABELS]
    margins = np.float32([[2.5, -1.0], [-0.5, np.inf]])[LABELS]
    folders = {"head": left(tmp_path / "head", chances)}
    assert roc.scored(folders) == "probability"
    folders["machine"] = left(tmp_path / "machine", margins)
    folders["kept"] = left(tmp_path / "kept")
    assert roc.scored(folders) == "probability or decision value"
    assert roc.scored({"kept": tmp_path / "kept"}) == ""
