"""What the trials of kept runs left agrees with itself."""

from pathlib import Path

import numpy as np

from runs.artifacts import Absent, ClassTable, Confusion, Predictions, Seen
from runs.folder import RunFolder

KEPT = Path(__file__).parents[2] / "results"


def kept_with(name):
    """The folders of kept trials that have a file of this name."""
    runs = [RunFolder(file.parent) for file in sorted(KEPT.glob("*/*/study.json"))]
    folders = [trial.path for run in runs for trial in run.trials()]
    having = [folder for folder in folders if (folder / name).is_file()]
    assert having
    return having


def test_predictions_matrix_and_table_of_classes_agree():
    folders = kept_with(Predictions.FILE)
    matrices = 0
    for folder in folders:
        said = Predictions.load(folder)
        try:
            matrix, table = Confusion.load(folder), ClassTable.load(folder)
        except Absent:
            continue
        matrices += 1
        assert said.classes == matrix.classes == matrix.columns == table.classes
        counts = np.zeros_like(matrix.counts)
        np.add.at(counts, (said.label, said.prediction), 1)
        np.testing.assert_array_equal(matrix.counts, counts)
        np.testing.assert_array_equal(table.images, counts.sum(1))
        there = table.images > 0
        share = counts.diagonal()[there] / table.images[there]
        np.testing.assert_allclose(table.accuracy[there], share, atol=1e-6)
    assert matrices


def test_what_kept_trials_were_given_is_what_they_were_tested_on():
    for folder in kept_with(Confusion.FILE):
        if not (folder / Seen.FILE).is_file():  # of an older run
            continue
        seen, matrix = Seen.load(folder), Confusion.load(folder)
        assert seen.test.per_class == tuple(matrix.counts.sum(1).tolist())
        assert len(seen.train.size) == 2 and seen.shared >= 0


def test_kept_runs_have_what_was_said_before_training(tmp_path):
    for folder in kept_with(Confusion.FILE_BEFORE):
        loaded = Confusion.load(folder, before=True)
        assert loaded.columns == (*loaded.classes, "other")
        loaded.save(tmp_path, before=True)
        again = Confusion.load(tmp_path, before=True)
        assert (again.classes, again.columns) == (loaded.classes, loaded.columns)
        assert again.counts.dtype == loaded.counts.dtype
        np.testing.assert_array_equal(again.counts, loaded.counts)
