"""A validation set that lies beside train/ and test/: used as it is, the same for every seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import images
from images.splits import Images, Splits

MakeFolder = Callable[..., Path]
VAL = {"cat": 3, "dog": 2}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Splits]:
    def make(root: Path, **options: Any) -> Splits:
        return images.load(f"folder:{root}", data_dir=tmp_path / "data", image_size=6, **options)

    return make


def pictures(folder: Path) -> set[bytes]:
    from PIL import Image

    files = folder.rglob("*.png")
    return {np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes() for file in files}


def held(part: Images) -> set[bytes]:
    return {pixels.tobytes() for pixels in part.pixels}


def test_what_is_given_is_validation_and_all_of_train_is_train(
    make_folder: MakeFolder, load: Callable[..., Splits]
) -> None:
    root = make_folder(val=VAL)
    for seed in (0, 0, 1):  # once decoded, once from the cache
        splits = load(root, seed=seed)
        for name, part in splits.by_name.items():
            assert held(part) == pictures(root / name)
        assert splits.val.per_class.tolist() == [3, 2]
        assert splits.info.counts == {"train": 11, "val": 5, "test": 5}
        assert splits.info.validation == "given"


def test_labels_belong_to_their_pixels(
    make_folder: MakeFolder, load: Callable[..., Splits]
) -> None:
    root = make_folder(val=VAL)
    val = load(root).val
    for pixels, label in zip(val.pixels, val.labels, strict=True):
        assert pixels.tobytes() in pictures(root / "val" / val.classes[label])


def test_without_one_it_is_carved_as_it_was(
    make_folder: MakeFolder, load: Callable[..., Splits]
) -> None:
    root = make_folder()
    splits = load(root)
    assert splits.info.validation == "carved"
    assert held(splits.train) | held(splits.val) == pictures(root / "train")
    assert not images.gives_validation(f"folder:{root}") and not images.gives_validation("digits")


def test_limits_cut_train_by_the_seed_and_leave_validation_whole(
    make_folder: MakeFolder, load: Callable[..., Splits]
) -> None:
    root = make_folder(
        train={"cat": 9, "dog": 9, "emu": 9},
        test={"cat": 1, "dog": 1, "emu": 1},
        val={"cat": 3, "dog": 4, "emu": 5},
    )
    cut = [load(root, classes="last:2", images_per_class=4, seed=seed) for seed in (0, 1)]
    for splits in cut:
        assert splits.train.per_class.tolist() == [4, 4]
        assert splits.val.per_class.tolist() == [4, 5]
        assert splits.val.classes == ("dog", "emu")
    assert held(cut[0].train) != held(cut[1].train)
    assert held(cut[0].val) == held(cut[1].val)
    with pytest.raises(ValueError, match="at most 9, the train images that class cat has; got 10"):
        load(root, images_per_class=10)


def test_count_says_what_load_gives(
    make_folder: MakeFolder, load: Callable[..., Splits], tmp_path: Path
) -> None:
    root = make_folder(val=VAL, train={"cat": 1, "dog": 4})  # one is enough: none is carved
    every: list[dict[str, Any]] = [{}, {"images_per_class": 1}]
    for options in every:
        sizes = images.count(f"folder:{root}", tmp_path, **options)
        counts = load(root, **options).info.counts
        assert (sizes.train, sizes.val, sizes.test) == tuple(counts.values())
        assert sizes.smallest == 1


def test_the_fingerprint_covers_it(make_folder: MakeFolder, load: Callable[..., Splits]) -> None:
    root = make_folder(val=VAL)
    before = load(root).info.fingerprint
    path = root / "val" / "dog" / "1.png"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    changed = load(root).info.fingerprint
    assert changed != before
    for part in sorted((root / "val").rglob("*"), reverse=True):
        part.rmdir() if part.is_dir() else part.unlink()
    (root / "val").rmdir()
    assert load(root).info.fingerprint not in (before, changed)


@pytest.mark.parametrize(
    ("val", "said"),
    [
        ({"cat": 3}, "train, validation and test; without validation images: dog"),
        ({**VAL, "emu": 1}, "without train images: emu"),
        ({}, "without validation images: cat, dog"),
    ],
)
def test_other_classes_than_those_of_train_are_refused(
    make_folder: MakeFolder, tmp_path: Path, val: dict[str, int], said: str
) -> None:
    root = make_folder(val=val)
    with pytest.raises(ValueError, match=said):
        images.count(f"folder:{root}", tmp_path)


def test_a_corrupt_picture_of_it_is_named_and_left_out(
    make_folder: MakeFolder, load: Callable[..., Splits]
) -> None:
    root = make_folder(val=VAL)
    (root / "val" / "cat" / "0.png").write_bytes(b"<html>not found</html>")
    splits = load(root)
    assert splits.info.dropped == ["val/cat/0.png"]
    assert splits.val.per_class.tolist() == [2, 2]


@pytest.mark.parametrize("name", ["valid", "validation"])
def test_it_may_have_one_of_its_usual_names_but_not_two(
    make_folder: MakeFolder, load: Callable[..., Splits], name: str
) -> None:
    root = make_folder(val=VAL)
    (root / "val").rename(root / name)
    assert load(root).info.validation == "given"
    (root / "val").mkdir()
    with pytest.raises(ValueError, match=f"must be one folder of .*; got val and {name}"):
        images.check_name(f"folder:{root}")
