"""`images.load` and its neighbours: what is split how, and every refusal's sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import images
from images.splits import Images, Splits

ROOT = Path(images.__file__).parents[1]


def load_digits(data_dir: Path, **options: Any) -> Splits:
    return images.load("digits", data_dir=data_dir, image_size=8, **options)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def rows(part: Images) -> set[int]:
    assert part.rows is not None
    return set(part.rows.tolist())


def test_train_validation_and_test_share_no_image_and_cover_all(shared: Path) -> None:
    splits = load_digits(shared)
    parts = [rows(splits.train), rows(splits.val), rows(splits.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 1797
    assert splits.info.counts == {
        "train": len(splits.train),
        "val": len(splits.val),
        "test": len(splits.test),
    }


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5])
def test_every_class_gives_its_share_to_validation(shared: Path, fraction: float) -> None:
    splits = load_digits(shared, val_fraction=fraction)
    source = splits.train.per_class + splits.val.per_class
    assert splits.val.per_class.tolist() == [round(fraction * n) for n in source.tolist()]


def test_validation_has_at_least_one_image_and_leaves_one(
    make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_folder(train={"cat": 2, "dog": 3})
    for fraction in (0.01, 0.99):
        splits = images.load(
            f"folder:{root}", data_dir=tmp_path, image_size=6, val_fraction=fraction
        )
        assert splits.val.per_class.min() == 1 or fraction == 0.99
        assert splits.train.per_class.min() == 1 or fraction == 0.01
        assert (splits.val.per_class >= 1).all() and (splits.train.per_class >= 1).all()


def test_test_is_the_same_for_every_seed_and_every_cut(shared: Path) -> None:
    reference = load_digits(shared, seed=0).test
    for options in ({"seed": 1}, {"seed": 2, "images_per_class": 5}, {"val_fraction": 0.4}):
        other = load_digits(shared, **options).test
        np.testing.assert_array_equal(other.pixels, reference.pixels)
        np.testing.assert_array_equal(other.labels, reference.labels)


def test_validation_moves_with_the_seed_and_is_the_same_for_the_same_seed(shared: Path) -> None:
    first, again, other = (rows(load_digits(shared, seed=seed).val) for seed in (0, 0, 1))
    assert first == again
    assert len(first & other) < len(first) / 2


def test_labels_belong_to_their_pixels(make_folder: Callable[..., Path], tmp_path: Path) -> None:
    root = make_folder()
    splits = images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)
    for part in (splits.train, splits.val, splits.test):
        folder = "test" if part is splits.test else "train"
        for pixels, label in zip(part.pixels, part.labels, strict=True):
            paths = (root / folder / part.classes[label]).iterdir()
            assert any(np.array_equal(pixels, read_png(path)) for path in paths)


def read_png(path: Path) -> np.ndarray[Any, Any]:
    from PIL import Image

    return np.asarray(Image.open(path)).transpose(2, 0, 1)


def test_classes_are_taken_from_either_end_in_sorted_order(shared: Path) -> None:
    first = load_digits(shared, classes="first:3")
    last = load_digits(shared, classes="last:2")
    assert first.train.classes == ("0", "1", "2")
    assert last.info.classes == ["8", "9"]
    assert sorted(set(last.test.labels.tolist())) == [0, 1]
    nines = load_digits(shared).test
    expected = nines.pixels[nines.labels == 9]
    np.testing.assert_array_equal(last.test.pixels[last.test.labels == 1], expected)


def test_images_per_class_cuts_train_only_and_after_validation(shared: Path) -> None:
    full = load_digits(shared)
    cut = load_digits(shared, images_per_class=20)
    less = load_digits(shared, images_per_class=10)
    assert cut.train.per_class.tolist() == [20] * 10
    assert rows(cut.val) == rows(full.val)
    assert rows(less.train) < rows(cut.train) < rows(full.train)


def test_fewer_classes_leave_the_split_of_the_others_as_it_was(shared: Path) -> None:
    full, part = load_digits(shared), load_digits(shared, classes="first:4")
    assert rows(part.val) < rows(full.val)
    assert rows(part.train) < rows(full.train)


def test_count_says_what_load_gives(shared: Path) -> None:
    options: dict[str, Any] = {"classes": "last:4", "images_per_class": 7, "val_fraction": 0.2}
    splits = load_digits(shared, **options)
    sizes = images.count("digits", shared, **options)
    assert (sizes.train, sizes.val, sizes.test) == tuple(splits.info.counts.values())
    assert sizes.classes == 4
    whole = images.count("digits", shared)
    assert whole.train + whole.val + whole.test == 1797


def test_digits_are_the_published_ones_and_span_black_to_white(shared: Path) -> None:
    splits = load_digits(shared)
    assert splits.info.verified is True
    assert (splits.train.pixels.min(), splits.train.pixels.max()) == (0, 255)
    pixels = splits.train.take(np.arange(5))
    assert (pixels[:, 0] == pixels[:, 1]).all() and (pixels[:, 1] == pixels[:, 2]).all()


def test_digits_are_the_pixels_of_scikit_learn(shared: Path) -> None:
    from sklearn.datasets import (  # type: ignore[import-untyped, unused-ignore]
        load_digits as published,
    )

    splits = load_digits(shared)
    assert splits.test.rows is not None
    levels = published().images[splits.test.rows]
    np.testing.assert_allclose(splits.test.pixels[:, 0], levels / 16 * 255, atol=0.5)
    np.testing.assert_array_equal(splits.test.labels, published().target[splits.test.rows])


def test_info_survives_json(shared: Path) -> None:
    info = asdict(load_digits(shared).info)
    assert json.loads(json.dumps(info)) == info
    assert len(info["fingerprint"]) == 64


def test_parts_share_one_store_without_copies(shared: Path) -> None:
    splits = load_digits(shared)
    assert np.shares_memory(splits.train.store, splits.test.store)


def test_importing_images_and_checking_names_loads_neither_torch_nor_sklearn() -> None:
    code = (
        "import sys, images; images.check_name('digits'); images.count('digits', None);"
        "print([m for m in ('torch', 'sklearn', 'PIL', 'filelock') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"classes": "first:11"}, "at most the 10 classes there are; got 'first:11'"),
        ({"classes": "some"}, """classes must be "all", "first:N" or "last:N"; got 'some'"""),
        ({"classes": "first:0"}, "got 'first:0'"),
        ({"classes": "last:1"}, r"needs at least 2 classes; got 1 \(9\)"),
        (
            {"images_per_class": 129},
            r"images_per_class must be at most 128, which class 0 has "
            r"\(142 train images less 14 for validation\); got 129",
        ),
        ({"images_per_class": 0}, "images_per_class must be at least 1; got 0"),
        ({"val_fraction": 0.0}, "val_fraction must lie between 0 and 1, both excluded; got 0.0"),
        ({"val_fraction": 1.0}, "val_fraction must lie between 0 and 1, both excluded; got 1.0"),
    ],
)
def test_a_selection_out_of_range_is_refused_by_load_and_by_count(
    tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        images.count("digits", tmp_path, **options)
    with pytest.raises(ValueError, match=sentence):
        load_digits(tmp_path, **options)
    assert not list(tmp_path.iterdir()), "nothing is decoded for a refused selection"


def test_an_image_size_below_one_pixel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="image_size must be at least 1 pixel; got 0"):
        images.load("digits", data_dir=tmp_path, image_size=0)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("digit", "got 'digit'; did you mean digits"),
        ("foldr:x", "got 'foldr:x'; did you mean folder:PATH"),
        ("folder", "got 'folder'; did you mean folder:PATH"),
        ("digits:3", "got 'digits:3'; did you mean digits"),
        ("xyz", r"must be one of digits, folder:PATH.*; got 'xyz'\.$"),
    ],
)
def test_an_unknown_data_set_is_refused_with_the_nearest_known_one(
    name: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        images.check_name(name)


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        ({"cat": 3}, {"cat": 3}, r"needs at least 2 classes; got 1 \(cat\)"),
        ({"cat": 3, "dog": 3}, {"cat": 3}, "without test images: dog"),
        ({"cat": 3, "dog": 3}, {"cat": 3, "dog": 0}, "without test images: dog"),
        ({"cat": 3}, {"cat": 3, "dog": 3}, "without train images: dog"),
        (
            {"a": 3, **dict.fromkeys("bcdef", 0)},
            dict.fromkeys("abcdef", 1),
            "without train images: b, c, d and 2 more",
        ),
        (
            {"cat": 3, "dog": 1},
            {"cat": 3, "dog": 3},
            "at least 2 train images, one of them for validation; class dog has 1",
        ),
        ({}, {}, "there are none"),
        ({"cat": 0, "dog": 0}, {"cat": 0, "dog": 0}, "there are none"),
    ],
)
def test_a_folder_with_too_little_in_it_is_refused(
    make_folder: Callable[..., Path],
    tmp_path: Path,
    train: dict[str, int],
    test: dict[str, int],
    sentence: str,
) -> None:
    root = make_folder(train=train, test=test)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        images.count(f"folder:{root}", tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)


def test_images_refuse_arrays_that_do_not_fit_each_other() -> None:
    pixels = np.zeros((2, 3, 4, 4), np.uint8)
    with pytest.raises(ValueError, match="one label an image; got 2 images"):
        Images(pixels, np.zeros(3, np.int64), ("a", "b"))
    with pytest.raises(ValueError, match=r"Labels must lie in 0\.\.1.*got 0\.\.2"):
        Images(pixels, np.array([0, 2]), ("a", "b"))
    with pytest.raises(ValueError, match="uint8 pixels of shape"):
        Images(pixels[:, :1], np.zeros(2, np.int64), ("a", "b"))
