"""The files of a trial that are missing, broken, or half written: Absent, and no other error."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import artifacts
from runs.artifacts import Absent, Confusion, Predictions


def load(made, folder):
    return type(made).load(folder)


def test_without_its_file_it_is_absent(made, tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Absent, match=f"^no {made.FILE}$"):
            load(made, folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"true", b'{"test": 3}', b"[" * 100_000, b"PK\x03\x04", b"\xff", b"a,b\n", b"\r\r"],
)
def test_what_is_something_else_cannot_be_read(made, content, tmp_path):
    (tmp_path / made.FILE).write_bytes(content)
    with pytest.raises(Absent, match=f"^{made.FILE} cannot be read$"):
        load(made, tmp_path)


def test_a_file_that_is_a_folder_cannot_be_read(made, tmp_path):
    (tmp_path / made.FILE).mkdir()
    with pytest.raises(Absent, match="cannot be read"):
        load(made, tmp_path)


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40, deadline=None)
def test_half_a_file_of_arrays_cannot_be_read(made_arrays, share):
    made = made_arrays
    with tempfile.TemporaryDirectory() as place:
        made.save(Path(place))
        file = Path(place) / made.FILE
        whole = file.read_bytes()
        file.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(Absent, match="cannot be read"):
            load(made, Path(place))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_a_file_with_a_wrong_byte_is_read_or_absent_and_no_other_error(made, data):
    with tempfile.TemporaryDirectory() as place:
        made.save(Path(place))
        file = Path(place) / made.FILE
        content = bytearray(file.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        file.write_bytes(content)
        try:
            load(made, Path(place))
        except Absent as absent:
            assert str(absent) == f"{made.FILE} cannot be read"


@pytest.mark.parametrize(
    "arrays",
    [
        {"label": [0, 1]},
        {"label": [0, 1], "prediction": [0]},
        {"label": [0, -1], "prediction": [0, 1]},
        {"label": [0.0, 1.0], "prediction": [0, 1]},
        {"label": ["a", "b"], "prediction": [0, 1]},
        {"label": [[0], [1]], "prediction": [[0], [1]]},
        {"label": [0, 1], "prediction": [0, 1], "scores": [[0.5, 0.5]]},
        {"label": [0, 1], "prediction": [0, 1], "scores": [[1, 0], [0, 1]], "classes": ["a"]},
        {"label": [0, 1], "prediction": [0, 1], "classes": "ab"},
    ],
)
def test_predictions_that_do_not_fit_each_other_cannot_be_read(arrays, tmp_path):
    np.savez(tmp_path / "predictions.npz", **arrays)
    with pytest.raises(Absent, match=r"^predictions\.npz cannot be read$"):
        Predictions.load(tmp_path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"label": range(9)},
        {"label": range(9), "right": np.zeros((2, 1), np.uint8)},
        {"label": range(9), "right": np.zeros((2, 3), np.uint8)},
        {"label": range(9), "right": np.zeros(2, np.uint8)},
        {"label": range(9), "right": np.zeros((2, 2))},
        {"label": np.zeros(9), "right": np.zeros((2, 2), np.uint8)},
    ],
)
def test_a_test_curve_of_other_images_than_its_labels_cannot_be_read(arrays, tmp_path):
    np.savez(tmp_path / "test_curve.npz", **arrays)
    with pytest.raises(Absent, match=r"^test_curve\.npz cannot be read$"):
        artifacts.HitCurve.load(tmp_path)


@pytest.mark.parametrize("text", ["true,a\na,1,2\n", "true,a\na\n", "true,a\na,x\n", "true,a\n"])
def test_a_matrix_whose_rows_do_not_fit_cannot_be_read(text, tmp_path):
    (tmp_path / "test_confusion.csv").write_text(text)
    with pytest.raises(Absent, match=r"^test_confusion\.csv cannot be read$"):
        Confusion.load(tmp_path)


# A reader never sees half a file.


def test_a_write_that_fails_leaves_the_old_file(made, tmp_path, monkeypatch):
    made.save(tmp_path)
    before = (tmp_path / made.FILE).read_bytes()

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        made.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [made.FILE]
    assert (tmp_path / made.FILE).read_bytes() == before
    assert load(made, tmp_path)
