"""What is not there is unchecked, and no error."""

import numpy as np
import pytest

from runs.artifacts import Confusion, Predictions, Seen


def test_an_empty_folder_is_unchecked_and_no_error(make_trial, audit):
    of = audit(make_trial("t"))
    assert of.faults == []
    assert "no seen.json: shared_images, sizes_differ, confusion_rows" in of.unchecked
    unchecked = " ".join(of.unchecked)
    assert all(name in unchecked for name in ("chance", "independent", "confusion_shape"))


def test_a_kept_trial_is_audited_by_its_matrix_or_its_bare_predictions(
    make_trial, weak, faults, audit
):
    labels, predicted = weak(10, 100, 0.1)
    trial = make_trial("t", labels, predicted, 10)
    (trial.folder / Seen.FILE).unlink()
    (trial.folder / Predictions.FILE).unlink()
    assert set(faults(trial)) == {"chance", "independent"}
    Predictions(labels, predicted).save(trial.folder)
    (trial.folder / Confusion.FILE).unlink()
    assert set(faults(trial)) == {"chance", "independent"}
    assert "no scores in predictions.npz: not_finite" in audit(trial).unchecked


@pytest.mark.parametrize("content", [b"", b"{", b"true", b'{"test": 3}', b"PK\x03\x04", b"\xff"])
def test_broken_files_are_unchecked_and_no_error(content, audit, embedded):
    trial = embedded("t", np.eye(4), [])
    for file in trial.folder.iterdir():
        file.write_bytes(content)
    of = audit(trial)
    assert of.faults == [] and "seen.json cannot be read" in " ".join(of.unchecked)
