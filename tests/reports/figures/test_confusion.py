"""Confusion matrices of variants, where a trial has not left one."""

import numpy as np

from reports.figures import confusion
from runs.artifacts import Confusion

CLASSES = ("cat", "dog")


def test_matrices_are_added_over_the_seeds_that_left_one(tmp_path):
    counts = np.array([[3, 1], [0, 4]])
    for name in "abc":
        (tmp_path / name).mkdir()
        Confusion(CLASSES, CLASSES, counts).save(tmp_path / name)
    (tmp_path / "c" / Confusion.FILE).write_text("true,cat")
    folders = [tmp_path / name for name in (*"abc", "nowhere")]
    matrices, classes = confusion.read({"v": folders, "none": folders[2:]})
    assert set(matrices) == {"v"} and classes == CLASSES
    np.testing.assert_array_equal(matrices["v"], 2 * counts)
