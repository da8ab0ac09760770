"""`folder:PATH`: which files count, how they become pixels, what is left out, what is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import images
from files import regular
from images.decode import picture
from images.folder import Folder

MakeFolder = Callable[..., Path]


def test_endings_in_any_case_and_nested_folders_count_but_hidden_ones_do_not(
    make_folder: MakeFolder,
) -> None:
    root = make_folder(train={"cat": 1, "dog": 1})
    cat = root / "train" / "cat"
    (cat / "deep" / "er").mkdir(parents=True)
    (cat / ".hidden").mkdir()
    for target in ("A.JPG", "b.Jpeg", "c.BMP", "deep/er/d.webp", ".e.png", ".hidden/f.png"):
        Image.new("RGB", (6, 6)).save(cat / target)
    (cat / "notes.txt").write_text("no picture")
    (root / "train" / ".git").mkdir()
    names = [name for name in Folder(str(root)).listing().names if name.startswith("train/cat")]
    inner = sorted(name.removeprefix("train/cat/") for name in names)
    assert inner == ["0.png", "A.JPG", "b.Jpeg", "c.BMP", "deep/er/d.webp"]


def test_a_link_to_a_folder_above_does_not_repeat_pictures(make_folder: MakeFolder) -> None:
    root = make_folder()
    before = Folder(str(root)).counts()
    (root / "train" / "cat" / "loop").symlink_to(root / "train" / "cat")
    assert Folder(str(root)).counts() == before


def test_a_corrupt_picture_is_named_and_left_out(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder()
    whole = (root / "train" / "cat" / "1.png").read_bytes()
    (root / "train" / "cat" / "1.png").write_bytes(whole[: len(whole) // 2])
    (root / "test" / "dog" / "0.png").write_bytes(b"<html>not found</html>")
    (root / "train" / "dog" / "0.png").write_bytes(b"")
    splits = images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)
    assert splits.info.dropped == ["test/dog/0.png", "train/cat/1.png", "train/dog/0.png"]
    assert splits.info.counts == {"train": 7, "val": 2, "test": 4}
    kept = np.concatenate([splits.train.pixels, splits.val.pixels, splits.test.pixels])
    assert kept.reshape(len(kept), -1).any(axis=1).all(), "no empty row in place of a corrupt one"


def test_a_class_whose_pictures_are_all_corrupt_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder(test={"cat": 1, "dog": 1})
    (root / "test" / "dog" / "0.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="without test images: dog"):
        images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)


def test_a_picture_of_the_right_size_keeps_its_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    np.testing.assert_array_equal(
        picture(png(Image.fromarray(pixels)), 16).transpose(1, 2, 0), pixels
    )


@pytest.mark.parametrize("shape", [(12, 4), (4, 12)])
def test_a_longer_side_is_cut_to_the_centre(shape: tuple[int, int]) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[4:8, :4] = 200
    pixels[:4, 4:8] = 200
    assert (picture(png(Image.fromarray(pixels)), 4) == 200).all()


def test_a_larger_picture_is_averaged_and_not_sampled() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert 96 < picture(png(Image.fromarray(stripes)), 8).mean() < 160
    assert picture(png(Image.fromarray(stripes)), 8).std() < 32


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "CMYK", "LA"])
def test_every_kind_of_colour_becomes_three_channels(mode: str) -> None:
    image = Image.new("RGB", (5, 7), (255, 255, 255)).convert(mode)
    content = png(image, "TIFF" if mode == "CMYK" else "PNG")
    assert (picture(content, 4) == 255).all()
    assert picture(content, 4).shape == (3, 4, 4)


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    levels = np.array([[0, 0x4000], [0x8000, 0xFFFF]], np.uint16)
    pixels = picture(png(Image.fromarray(levels)), 2)
    np.testing.assert_array_equal(pixels[0], [[0, 0x40], [0x80, 0xFF]])


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    import io

    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def test_the_fingerprint_is_independent_of_place_and_time(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    moved = tmp_path / "elsewhere" / "animals"
    shutil.copytree(root, moved)
    for path in moved.rglob("*.png"):
        os.utime(path, (1, 1))
    assert fingerprint(moved, tmp_path) == fingerprint(root, tmp_path)


def test_one_changed_byte_changes_the_fingerprint_and_is_decoded_again(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    before = fingerprint(root, tmp_path)
    path = root / "train" / "dog" / "0.png"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    after = fingerprint(root, tmp_path)
    assert after != before


def test_a_renamed_picture_changes_the_fingerprint(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder()
    before = fingerprint(root, tmp_path)
    (root / "train" / "dog" / "0.png").rename(root / "train" / "dog" / "00.png")
    assert fingerprint(root, tmp_path) != before


def test_the_fingerprint_does_not_depend_on_size_or_selection(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    small = images.load(f"folder:{root}", data_dir=tmp_path, image_size=4, images_per_class=1)
    assert small.info.fingerprint == fingerprint(root, tmp_path)


def fingerprint(root: Path, data_dir: Path) -> str:
    return images.load(f"folder:{root}", data_dir=data_dir, image_size=6).info.fingerprint


def test_two_folders_with_equal_names_sizes_and_times_are_not_confused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    first, second = make_folder("a/pets"), make_folder("b/pets")
    content = bytearray((second / "test" / "cat" / "0.png").read_bytes())
    content[-1] ^= 1
    (second / "test" / "cat" / "0.png").write_bytes(content)
    for path in [*first.rglob("*.png"), *second.rglob("*.png")]:
        os.utime(path, (1, 1))
    assert fingerprint(first, tmp_path) != fingerprint(second, tmp_path)


def test_the_recorded_name_is_not_the_whole_path(make_folder: MakeFolder, tmp_path: Path) -> None:
    splits = images.load(f"folder:{make_folder()}", data_dir=tmp_path, image_size=6)
    assert splits.info.name == "folder:pets"
    assert splits.info.verified is None


def test_check_name_makes_the_path_absolute(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder()
    monkeypatch.chdir(tmp_path)
    assert images.check_name("folder:pets") == f"folder:{root}"


def test_a_path_that_is_missing_or_lacks_a_part_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="needs a PATH after the colon"):
        images.check_name("folder:")
    with pytest.raises(FileNotFoundError, match=f"there is no folder {tmp_path}/none/train"):
        images.check_name(f"folder:{tmp_path}/none")
    root = make_folder()
    shutil.rmtree(root / "test")
    with pytest.raises(FileNotFoundError, match=f"there is no folder {root}/test"):
        images.check_name(f"folder:{root}")


def test_a_picture_outside_of_a_class_folder_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    Image.new("RGB", (6, 6)).save(root / "train" / "stray.png")
    with pytest.raises(ValueError, match=r"in the folder of its class.*stray\.png does not"):
        images.count(f"folder:{root}", tmp_path)


def test_a_picture_that_cannot_be_read_is_an_error_and_not_a_corrupt_one(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder()
    (root / "train" / "cat" / "gone.png").symlink_to(root / "nowhere.png")
    with pytest.raises(ValueError, match=r"must be readable; .*gone\.png is not: No such file"):
        images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)
    (root / "train" / "cat" / "gone.png").unlink()

    def fail(path: Path, most: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(regular, "read", fail)
    with pytest.raises(ValueError, match=r"must be readable; .* is not: Input/output error"):
        images.load(f"folder:{root}", data_dir=tmp_path, image_size=6)
