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
