"""Dogs-vs-Cats in Kaggle's and Microsoft's layouts: one split, whatever the form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import images
from images import dogs_vs_cats
from images.dogs_vs_cats import DogsVsCats

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
KAGGLE = "train/{0}.{1}.jpg"
MICROSOFT = "PetImages/{2}/{1}.jpg"
FORMS = {
    "train.zip": KAGGLE,
    "dogs-vs-cats-train.zip": KAGGLE,
    "train": KAGGLE,
    "kagglecatsanddogs_5340.zip": MICROSOFT,
    "PetImages": MICROSOFT,
}
FIXED = (1, 6, 7, 16, 18, 19)  # of cat.0.jpg .. cat.19.jpg, worked out once, apart from the code
EXTRA = {"PetImages/Cat/Thumbs.db": b"x", "readme[1].txt": b"x", "MSR-LA - 3467.docx": b"x"}


@pytest.fixture
def put(tmp_path: Path, write: Write, jpeg: Callable[..., bytes]) -> Callable[..., Path]:
    """Write 20 cats and 15 dogs in a form into a data folder, with changes by canonical name."""

    def make(form: str, backwards: bool = False, **changes: bytes) -> Path:
        files = {}
        for label, amount in (("cat", 20), ("dog", 15)):
            for number in range(amount):
                content = jpeg(number + 100 * (label == "dog"), size=(9 + number % 3, 8))
                name = FORMS[form].format(label, number, label.capitalize())
                files[name] = changes.get(f"{label}_{number}", content)
        if FORMS[form] == MICROSOFT:
            files |= EXTRA
        if backwards:
            files = dict(reversed(files.items()))
        data_dir = tmp_path / f"{form}-{backwards}-{len(changes)}"
        write(data_dir / form if form.endswith("zip") else data_dir, files)
        return data_dir

    return make


def load(data_dir: Path, seed: int = 0) -> images.Splits:
    return images.load("dogs_vs_cats", data_dir=data_dir, image_size=8, seed=seed)


def chosen_for_test(data_dir: Path) -> set[str]:
    source = DogsVsCats("", data_dir)
    listing = source.listing()
    return {name for name, is_test in zip(listing.names, listing.is_test, strict=True) if is_test}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("backwards", [False, True])
def test_every_form_and_order_gives_the_same_images_split_and_fingerprint(
    put: Callable[..., Path], form: str, backwards: bool
) -> None:
    reference, other = load(put("train.zip")), load(put(form, backwards))
    np.testing.assert_array_equal(reference.test.pixels, other.test.pixels)
    np.testing.assert_array_equal(reference.train.pixels, other.train.pixels)
    assert reference.info.fingerprint == other.info.fingerprint
    assert other.info.classes == ["cat", "dog"] and other.info.dropped == []
    assert other.info.verified is (False if form.endswith("zip") else None)


def test_three_tenths_of_every_class_are_test_for_every_seed(put: Callable[..., Path]) -> None:
    data_dir = put("PetImages")
    splits = load(data_dir)
    assert splits.test.per_class.tolist() == [6, 5]  # 4.5 is rounded up
    assert (splits.train.per_class + splits.val.per_class).tolist() == [14, 10]
    np.testing.assert_array_equal(splits.test.pixels, load(data_dir, seed=5).test.pixels)


def test_the_split_is_fixed_on_every_machine(put: Callable[..., Path]) -> None:
    cats = {name for name in chosen_for_test(put("train")) if name.startswith("cat")}
    assert cats == {f"cat.{number}.jpg" for number in FIXED}


def test_a_corrupt_image_is_left_out_and_moves_no_other(put: Callable[..., Path]) -> None:
    whole, corrupt = put("PetImages"), put("PetImages", cat_3=b"", dog_4=b"id,label\n1,cat\n")
    assert chosen_for_test(whole) == chosen_for_test(corrupt)
    assert load(corrupt).info.dropped == ["cat.3.jpg", "dog.4.jpg"]


def test_a_class_of_corrupt_images_is_a_sentence(put: Callable[..., Path]) -> None:
    dogs = {f"dog_{number}": b"text" for number in range(15)}
    with pytest.raises(ValueError, match="without train images: dog; 15 images are left out"):
        load(put("train.zip", **dogs))


def test_without_files_the_published_numbers_count(tmp_path: Path) -> None:
    sizes = images.count("dogs_vs_cats", tmp_path)
    assert (sizes.train, sizes.val, sizes.test) == (15_750, 1_750, 7_500)
    assert not list(tmp_path.iterdir())


def test_the_published_split_has_the_published_numbers(tmp_path: Path, write: Write) -> None:
    names = [KAGGLE.format(label, n, "") for label in ("cat", "dog") for n in range(12_500)]
    write(tmp_path / "train.zip", dict.fromkeys(names, b""))
    assert DogsVsCats("", tmp_path).counts() == DogsVsCats.published


def test_a_train_folder_of_another_data_set_is_passed_by(
    tmp_path: Path, put: Callable[..., Path], write: Write
) -> None:
    write(tmp_path, {"train/n01443537/images/a.JPEG": b"x"})
    assert images.count("dogs_vs_cats", tmp_path).test == 7_500
    data_dir = put("PetImages")
    write(data_dir, {"train/cats/a.jpg": b"x"})
    assert images.count("dogs_vs_cats", data_dir).test == 11


def test_an_archive_without_cats_or_dogs_is_a_sentence(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "train.zip", {"train/1.jpg": b"x"})
    with pytest.raises(ValueError, match=r"train\.zip must hold cat\.0\.jpg and dog\.0\.jpg, or"):
        load(tmp_path)


def test_an_archive_with_cats_alone_is_a_sentence(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "train.zip", {f"train/cat.{n}.jpg": b"x" for n in range(9)})
    with pytest.raises(ValueError, match="without train images: dog"):
        load(tmp_path)


def test_kaggles_archive_is_known_by_its_size_alone(
    put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = put("train.zip")
    size = (data_dir / "train.zip").stat().st_size
    monkeypatch.setattr(dogs_vs_cats, "_KAGGLE_BYTES", size)
    assert load(data_dir).info.verified is None


def test_offline_says_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    changed = replace(DogsVsCats.release, url="http://127.0.0.1:9/a.zip")
    monkeypatch.setattr(DogsVsCats, "release", changed)
    with pytest.raises(FileNotFoundError, match=r"put kagglecatsanddogs_5340\.zip from http"):
        load(tmp_path)
