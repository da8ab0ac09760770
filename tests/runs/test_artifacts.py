"""The files of a trial: read back as they were, older ones, broken ones, half-written ones."""

import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import artifacts
from runs.artifacts import (
    Absent,
    ClassTable,
    Confusion,
    Embeddings,
    Predictions,
    Seen,
    Split,
    Updates,
)
from runs.folder import RunFolder

KEPT = Path(__file__).parents[2] / "results"


def kept_with(name):
    """The folders of kept trials that have a file of this name."""
    runs = [RunFolder(file.parent) for file in sorted(KEPT.glob("*/*/study.json"))]
    folders = [trial.path for run in runs for trial in run.trials()]
    having = [folder for folder in folders if (folder / name).is_file()]
    assert having
    return having


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
    return artifacts.TestCurve(right, random.integers(0, 9, images))


def confusion(classes=NAMES, seed=0):
    counts = np.random.default_rng(seed).integers(0, 99, (len(classes), len(classes) + 1))
    return Confusion(classes, (*classes, "other"), counts)


def class_table(classes=NAMES):
    numbers = np.arange(len(classes)) / 8
    return ClassTable(classes, np.arange(len(classes)), numbers, np.full(len(classes), np.nan))


SEEN = Seen(Split((6, 5), (3, 2)), Split((6, 5), (1, 0)), Split((6, 5), (4, 4)), 2)


def all_kinds():
    return [predictions(), embeddings(), updates(), curve(), SEEN, confusion(), class_table()]


def same(one, other):
    """Whether all fields are equal, in dtype too, with NaN equal to itself."""
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert type(left) is type(right), field.name
        assert getattr(left, "dtype", None) == getattr(right, "dtype", None), field.name
        np.testing.assert_equal(left, right, err_msg=field.name)
    return True


def again(made, **how):
    """What is read of what was written."""
    with tempfile.TemporaryDirectory() as place:
        made.save(Path(place), **how)
        assert len(list(Path(place).iterdir())) == 1
        return type(made).load(Path(place), **how)


names = st.lists(
    # No path that names a class has a NUL in it, or half a character.
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])),
    min_size=1,
    max_size=4,
).map(tuple)


# What is written is read back.


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
def test_each_comes_back_as_it_was(made):
    assert same(again(made), made)


@given(classes=names, images=st.integers(0, 9), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_any_names_and_numbers_come_back(classes, images, seed):
    for made in (
        predictions(images, classes, seed),
        updates(images, classes, bool(seed % 2), seed),
        curve(seed % 4, images, seed),
        confusion(classes, seed),
        class_table(classes),
    ):
        assert same(again(made), made)


def test_a_test_curve_takes_a_bit_for_every_image_and_epoch(tmp_path):
    made = curve(epochs=30, images=10_000)
    made.save(tmp_path)
    with np.load(tmp_path / "test_curve.npz") as kept:
        assert sum(kept[name].nbytes for name in kept) == 30 * 10_000 / 8 + made.label.nbytes
    assert (tmp_path / "test_curve.npz").stat().st_size < 50_000


def test_what_was_said_before_training_has_a_file_of_its_own(tmp_path):
    after, before = confusion(seed=0), confusion(seed=1)
    after.save(tmp_path)
    before.save(tmp_path, before=True)
    assert {file.name for file in tmp_path.iterdir()} == {
        "test_confusion.csv",
        "test_before_confusion.csv",
    }
    assert same(Confusion.load(tmp_path), after)
    assert same(Confusion.load(tmp_path, before=True), before)


# The files stay what they were.


def test_arrays_are_compressed_under_their_names_in_their_order(tmp_path):
    said, space, steps = predictions(), embeddings(), updates()
    wanted = {
        "predictions.npz": {
            "index": said.index,
            "label": said.label,
            "prediction": said.prediction,
            "scores": said.scores,
            "prediction_at_best": said.prediction_at_best,
            "scores_at_best": said.scores_at_best,
            "classes": np.array(said.classes),
        },
        "embeddings.npz": {
            "index": space.index,
            "label": space.label,
            "embeddings": space.embeddings,
        },
        "updates.npz": {
            "layers": np.array(steps.layers),
            "batch_size": 64,
            "weights": 1_000,
            "step": steps.step,
            "epoch": steps.epoch,
            "weight_norm": steps.weight_norm,
            "noise": steps.noise,
            "signal": steps.signal,
            "sketch": steps.sketch,
            "gradient_norm": steps.gradient_norm,
            "gradient_cosine": steps.gradient_cosine,
            "update_norm": steps.update_norm,
            "update_cosine": steps.update_cosine,
            "effective_step": steps.effective_step,
            "effective_step_quantiles": steps.effective_step_quantiles,
        },
    }
    for made, (name, arrays) in zip((said, space, steps), wanted.items(), strict=True):
        made.save(tmp_path)
        np.savez_compressed(tmp_path / "plain.npz", **arrays)
        assert (tmp_path / name).read_bytes() == (tmp_path / "plain.npz").read_bytes()


def test_tables_and_json_have_the_text_that_they_had(tmp_path):
    SEEN.save(tmp_path)
    assert (tmp_path / "seen.json").read_text() == (
        '{"train": {"size": [6, 5], "per_class": [3, 2]}, "val": {"size": [6, 5], "per_class": '
        '[1, 0]}, "test": {"size": [6, 5], "per_class": [4, 4]}, "shared": 2}\n'
    )
    Confusion(NAMES, (*NAMES, "other"), np.arange(6).reshape(2, 3)).save(tmp_path)
    assert (tmp_path / "test_confusion.csv").read_bytes() == (
        b'true,cat,"a ""small"", dog",other\r\ncat,0,1,2\r\n"a ""small"", dog",3,4,5\r\n'
    )
    class_table().save(tmp_path)
    assert (tmp_path / "test_classes.csv").read_bytes() == (
        b'class,images,accuracy,auc\r\ncat,0,0.000000,nan\r\n"a ""small"", dog",1,0.125000,nan\r\n'
    )


# What older files lack.


def test_predictions_of_a_kept_run_have_no_scores_and_small_numbers(tmp_path):
    small = {"label": np.array([0, 1], np.uint16), "prediction": np.array([1, 1], np.uint16)}
    np.savez(tmp_path / "predictions.npz", **small)
    loaded = Predictions.load(tmp_path)
    assert loaded.label.dtype == loaded.prediction.dtype == np.int64
    assert loaded.label.tolist() == [0, 1] and loaded.prediction.tolist() == [1, 1]
    others = ("index", "scores", "prediction_at_best", "scores_at_best", "classes")
    assert [getattr(loaded, name) for name in others] == [None] * 5
    assert same(again(loaded), loaded)


def test_scores_of_half_the_digits_are_read(tmp_path):
    labels = np.array([0, 1])
    np.savez(
        tmp_path / "predictions.npz", label=labels, prediction=labels, scores=np.eye(2, 2, 0, "f2")
    )
    assert Predictions.load(tmp_path).scores.dtype == np.float32


def test_updates_of_sgd_have_no_effective_step_and_older_ones_no_weights(tmp_path):
    made = updates(adam=False)
    made.save(tmp_path)
    with np.load(tmp_path / "updates.npz") as kept:
        older = {name: values for name, values in kept.items() if name != "weights"}
    assert "effective_step" not in older
    np.savez(tmp_path / "updates.npz", **older)
    loaded = Updates.load(tmp_path)
    assert loaded.weights is loaded.effective_step is loaded.effective_step_quantiles is None
    np.testing.assert_array_equal(loaded.sketch, made.sketch)


def test_embeddings_without_places_are_read(tmp_path):
    np.savez(tmp_path / "embeddings.npz", embeddings=np.eye(3, dtype="f2"), label=np.arange(3))
    assert Embeddings.load(tmp_path).index is None


def test_what_kept_runs_left_agrees_with_itself():
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


def test_kept_runs_have_what_was_said_before_training():
    for folder in kept_with(Confusion.FILE_BEFORE):
        loaded = Confusion.load(folder, before=True)
        assert loaded.columns == (*loaded.classes, "other")
        assert same(again(loaded, before=True), loaded)


# What cannot be read.


def load(made, folder):
    return type(made).load(folder)


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
def test_without_its_file_it_is_absent(made, tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Absent, match=f"^no {made.FILE}$"):
            load(made, folder)


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"true", b'{"test": 3}', b"[" * 100_000, b"PK\x03\x04", b"\xff", b"a,b\n", b"\r\r"],
)
def test_what_is_something_else_cannot_be_read(made, content, tmp_path):
    (tmp_path / made.FILE).write_bytes(content)
    with pytest.raises(Absent, match=f"^{made.FILE} cannot be read$"):
        load(made, tmp_path)


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
def test_a_file_that_is_a_folder_cannot_be_read(made, tmp_path):
    (tmp_path / made.FILE).mkdir()
    with pytest.raises(Absent, match="cannot be read"):
        load(made, tmp_path)


@pytest.mark.parametrize(
    "made", [predictions(), embeddings(), updates(), curve()], ids=lambda m: m.FILE
)
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40, deadline=None)
def test_half_a_file_of_arrays_cannot_be_read(made, share):
    with tempfile.TemporaryDirectory() as place:
        made.save(Path(place))
        file = Path(place) / made.FILE
        whole = file.read_bytes()
        file.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(Absent, match="cannot be read"):
            load(made, Path(place))


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
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
        artifacts.TestCurve.load(tmp_path)


@pytest.mark.parametrize("text", ["true,a\na,1,2\n", "true,a\na\n", "true,a\na,x\n", "true,a\n"])
def test_a_matrix_whose_rows_do_not_fit_cannot_be_read(text, tmp_path):
    (tmp_path / "test_confusion.csv").write_text(text)
    with pytest.raises(Absent, match=r"^test_confusion\.csv cannot be read$"):
        Confusion.load(tmp_path)


def test_what_does_not_fit_is_refused_before_it_is_written():
    with pytest.raises(ValueError, match=r"prediction should be \(N\); got shape \(3,\)"):
        Predictions(np.arange(2), np.arange(3))
    with pytest.raises(ValueError, match=r"label should be \(N\); got shape \(4,\)"):
        artifacts.TestCurve(np.zeros((2, 3), bool), np.arange(4))
    with pytest.raises(ValueError, match=r"counts should be \(C, K\)"):
        Confusion(("a",), ("a", "b"), np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="go together"):
        Updates(**vars(updates()) | {"effective_step_quantiles": None})


# A reader never sees half a file.


@pytest.mark.parametrize("made", all_kinds(), ids=lambda made: type(made).__name__)
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
