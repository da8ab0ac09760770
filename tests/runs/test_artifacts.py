"""The files of a trial: what was written is read back as it was; older ones lack some."""

import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import artifacts
from runs.artifacts import Confusion, Embeddings, Predictions, Updates


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


def test_each_comes_back_as_it_was(made):
    assert same(again(made), made)


@given(classes=names, images=st.integers(0, 9), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_any_names_and_numbers_come_back(make, classes, images, seed):
    for made in (
        make.predictions(images, classes, seed),
        make.updates(images, classes, bool(seed % 2), seed),
        make.curve(seed % 4, images, seed),
        make.confusion(classes, seed),
        make.class_table(classes),
    ):
        assert same(again(made), made)


def test_a_test_curve_takes_a_bit_for_every_image_and_epoch(make, tmp_path):
    made = make.curve(epochs=30, images=10_000)
    made.save(tmp_path)
    with np.load(tmp_path / "test_curve.npz") as kept:
        assert sum(kept[name].nbytes for name in kept) == 30 * 10_000 / 8 + made.label.nbytes
    assert (tmp_path / "test_curve.npz").stat().st_size < 50_000


def test_what_was_said_before_training_has_a_file_of_its_own(make, tmp_path):
    after, before = make.confusion(seed=0), make.confusion(seed=1)
    after.save(tmp_path)
    before.save(tmp_path, before=True)
    assert {file.name for file in tmp_path.iterdir()} == {
        "test_confusion.csv",
        "test_before_confusion.csv",
    }
    assert same(Confusion.load(tmp_path), after)
    assert same(Confusion.load(tmp_path, before=True), before)


# The files stay what they were.


def test_arrays_are_compressed_under_their_names_in_their_order(make, tmp_path):
    said, space, steps = make.predictions(), make.embeddings(), make.updates()
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


def test_tables_and_json_have_the_text_that_they_had(make, tmp_path):
    make.seen.save(tmp_path)
    assert (tmp_path / "seen.json").read_text() == (
        '{"train": {"size": [6, 5], "per_class": [3, 2]}, "val": {"size": [6, 5], "per_class": '
        '[1, 0]}, "test": {"size": [6, 5], "per_class": [4, 4]}, "shared": 2}\n'
    )
    Confusion(make.names, (*make.names, "other"), np.arange(6).reshape(2, 3)).save(tmp_path)
    assert (tmp_path / "test_confusion.csv").read_bytes() == (
        b'true,cat,"a ""small"", dog",other\r\ncat,0,1,2\r\n"a ""small"", dog",3,4,5\r\n'
    )
    make.class_table().save(tmp_path)
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


def test_updates_of_sgd_have_no_effective_step_and_older_ones_no_weights(make, tmp_path):
    made = make.updates(adam=False)
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


def test_what_does_not_fit_is_refused_before_it_is_written(make):
    with pytest.raises(ValueError, match=r"prediction should be \(N\); got shape \(3,\)"):
        Predictions(np.arange(2), np.arange(3))
    with pytest.raises(ValueError, match=r"label should be \(N\); got shape \(4,\)"):
        artifacts.HitCurve(np.zeros((2, 3), bool), np.arange(4))
    with pytest.raises(ValueError, match=r"counts should be \(C, K\)"):
        Confusion(("a",), ("a", "b"), np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="go together"):
        Updates(**vars(make.updates()) | {"effective_step_quantiles": None})
