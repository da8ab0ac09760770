"""Matrices and ROC curves of variants, where a trial has not left all of them."""

import numpy as np
import pytest

from reports.figures import grids, scores
from runs.artifacts import Confusion, Predictions

CLASSES = ("cat", "dog")
LABELS = np.arange(8) % 2


@pytest.fixture
def drawn(monkeypatch):
    """What would have been drawn, by variant."""
    kept = {}

    def take(panels, *more):
        kept.update(panels)
        return []

    monkeypatch.setattr(grids, "roc_grid", take)
    monkeypatch.setattr(grids, "confusion_grid", take)
    return kept


def left(folder, values=None, classes=CLASSES):
    folder.mkdir()
    Predictions(LABELS, LABELS, scores=values, classes=classes).save(folder)
    return folder


def test_a_trial_without_scores_has_no_curve_and_one_without_names_has_numbers(drawn, tmp_path):
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
    scores.roc("q", folders, None, tmp_path / "x")
    assert set(drawn) == {"named", "unnamed"}
    assert set(drawn["named"]) == {"micro", "macro", "cat", "dog"}
    assert set(drawn["unnamed"]) == {"micro", "macro", "0", "1"}


def test_matrices_are_added_over_the_seeds_that_left_one(drawn, tmp_path):
    counts = np.array([[3, 1], [0, 4]])
    for name in "abc":
        (tmp_path / name).mkdir()
        Confusion(CLASSES, CLASSES, counts).save(tmp_path / name)
    (tmp_path / "c" / Confusion.FILE).write_text("true,cat")
    folders = [tmp_path / name for name in (*"abc", "nowhere")]
    scores.confusion("q", {"v": folders, "none": folders[2:]}, None, tmp_path / "x")
    assert set(drawn) == {"v"}
    np.testing.assert_array_equal(drawn["v"], 2 * counts)
