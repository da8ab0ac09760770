"""Tiny ImageNet in its published layout: both forms, its labels, and what does not fit."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import images
from images import published
from images.decode import picture
from images.tiny_imagenet import CLASSES, TinyImageNet

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
ROOT = Path(images.__file__).parents[1]
FORMS = ["tiny-imagenet-200.zip", ""]
SHOWN = ("n01443537", "n02123045", "n04540053")
VAL = "tiny-imagenet-200/val/val_annotations.txt"


@pytest.fixture
def files(jpeg: Callable[..., bytes]) -> Files:
    """Three of four classes with 4 train and 2 val images each, one of them grey, one larger."""
    train = {
        f"train/{wnid}/images/{wnid}_{number}.JPEG": jpeg(10 * label + number)
        for label, wnid in enumerate(SHOWN)
        for number in range(4)
    }
    val = {f"val/images/val_{number}.JPEG": jpeg(100 + number) for number in range(6)}
    train[f"train/{SHOWN[0]}/images/{SHOWN[0]}_1.JPEG"] = jpeg(1, mode="L")
    val["val/images/val_1.JPEG"] = jpeg(101, size=(16, 11))
    lines = [f"val_{number}.JPEG\t{SHOWN[number % 3]}\t0\t0\t62\t62\n" for number in range(6)]
    other = {
        "wnids.txt": "\n".join([SHOWN[2], "n09999999", SHOWN[0], SHOWN[1]]).encode(),
        "words.txt": b"n01443537\tgoldfish\n",
        f"train/{SHOWN[0]}/{SHOWN[0]}_boxes.txt": b"n01443537_0.JPEG\t0\t0\t1\t1\n",
        "val/val_annotations.txt": "".join(lines).encode(),
        "test/images/test_0.JPEG": jpeg(200),
    }
    return {f"tiny-imagenet-200/{name}": text for name, text in (train | val | other).items()}


def load(data_dir: Path, classes: str = "first:3", **options: Any) -> images.Splits:
    return images.load("tiny_imagenet", data_dir=data_dir, image_size=8, classes=classes, **options)


def test_both_forms_give_the_same_images_and_fingerprint(
    tmp_path: Path, write: Write, files: Files
) -> None:
    write(tmp_path / "a" / FORMS[0], files)
    write(tmp_path / "b", files)
    archive, folder = load(tmp_path / "a"), load(tmp_path / "b")
    np.testing.assert_array_equal(archive.train.store, folder.train.store)
    assert archive.info.fingerprint == folder.info.fingerprint
    assert archive.info.counts == folder.info.counts == {"train": 9, "val": 3, "test": 6}
    assert (archive.info.verified, folder.info.verified) == (False, None)
    assert archive.info.dropped == []
    assert not list((tmp_path / "a").glob("tiny-imagenet-200")), "nothing is unpacked"


def test_val_images_are_test_and_labels_belong_to_their_pixels(
    tmp_path: Path, write: Write, files: Files
) -> None:
    write(tmp_path / FORMS[0], files)
    splits = load(tmp_path)
    assert splits.info.classes == list(SHOWN)
    for number in range(6):
        pixels = picture(files[f"tiny-imagenet-200/val/images/val_{number}.JPEG"], 8)
        [row] = np.flatnonzero((splits.test.pixels == pixels).all((1, 2, 3)))
        assert splits.test.classes[splits.test.labels[row]] == SHOWN[number % 3]
    for part in (splits.train, splits.val):
        for pixels, label in zip(part.pixels, part.labels, strict=True):
            of_class = [files[name] for name in files if f"/{SHOWN[label]}_" in name]
            pictures = [picture(content, 8) for content in of_class if content[:2] == b"\xff\xd8"]
            assert any(np.array_equal(pixels, other) for other in pictures)


def test_classes_are_those_of_wnids_and_one_without_images_is_refused_when_selected(
    tmp_path: Path, write: Write, files: Files
) -> None:
    write(tmp_path / FORMS[0], files)
    with pytest.raises(ValueError, match="without train images: n09999999"):
        images.count("tiny_imagenet", tmp_path)
    assert images.count("tiny_imagenet", tmp_path, classes="first:3").test == 6


def test_without_files_the_published_numbers_count(tmp_path: Path) -> None:
    assert len(set(CLASSES)) == 200 and list(CLASSES) == sorted(CLASSES)
    sizes = images.count("tiny_imagenet", tmp_path, classes="first:50")
    assert (sizes.train, sizes.val, sizes.test, sizes.classes) == (22_500, 2_500, 2_500, 50)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({VAL: None}, r"val_annotations\.txt"),
        ({"tiny-imagenet-200/wnids.txt": None}, r"wnids\.txt"),
        ({"tiny-imagenet-200/wnids.txt": b""}, r"wnids\.txt must list the class of train/n01443"),
        ({"tiny-imagenet-200/wnids.txt": b"\xff\xfe"}, r"wnids\.txt must be a text file"),
        ({"tiny-imagenet-200/train/n7/images/n7_0.JPEG": b"x"}, "must list the class of .*, n7"),
        ({VAL: b"val_0.JPEG\tn01443537\n"}, r"must name val_1\.JPEG; it does not"),
        ({VAL: b"val_0.JPEG\tn01443537\n" * 2}, "must name each image once.*line 2 is 'val_0"),
        ({VAL: b"image,label\n"}, "with its class after a tab; line 1 is 'image,label'"),
        (
            {"tiny-imagenet-200/val/images/val_3.JPEG": None},
            r"must name images that are there; 1 are not in val/images, such as val_3\.JPEG",
        ),
    ],
)
def test_labels_that_do_not_fit_the_images_are_a_sentence(
    tmp_path: Path, write: Write, files: Files, form: str, changes: dict[str, Any], sentence: str
) -> None:
    changed = {k: v for k, v in {**files, **changes}.items() if v is not None}
    write(tmp_path / form if form else tmp_path, changed)
    for use in (load, lambda data_dir: images.count("tiny_imagenet", data_dir)):
        with pytest.raises(ValueError, match=sentence) as caught:
            use(tmp_path)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_a_text_in_place_of_an_image_is_named_and_left_out(
    tmp_path: Path, write: Write, files: Files
) -> None:
    corrupt = f"train/{SHOWN[0]}/images/{SHOWN[0]}_0.JPEG"
    write(tmp_path / FORMS[0], files | {f"tiny-imagenet-200/{corrupt}": b"id,label\n1,2\n"})
    assert load(tmp_path).info.dropped == [corrupt]


def test_a_class_of_corrupt_images_and_a_whole_set_of_them_are_a_sentence(
    tmp_path: Path, write: Write, files: Files
) -> None:
    texts = {name: b"text" for name in files if name.endswith("JPEG")}
    of_class = {name: text for name, text in texts.items() if f"/{SHOWN[1]}/" in name}
    write(tmp_path / "class" / FORMS[0], files | of_class)
    with pytest.raises(
        ValueError, match=f"without train images: {SHOWN[1]}; 4 images are left out, since the file"
    ):
        load(tmp_path / "class")
    write(tmp_path / "all" / FORMS[0], files | texts)
    with pytest.raises(
        ValueError, match="must be pictures; none of 18 can be used, such as train/"
    ):
        load(tmp_path / "all")
    assert [path.name for path in (tmp_path / "all" / "cache").iterdir()] == ["lock"]


def test_an_archive_that_is_damaged_within_leaves_nothing(
    tmp_path: Path, write: Write, files: Files
) -> None:
    path = write(tmp_path / FORMS[0], files)
    whole = files["tiny-imagenet-200/val/images/val_2.JPEG"]
    path.write_bytes(path.read_bytes().replace(whole, whole[:-9] + bytes(9)))
    with pytest.raises(ValueError, match=r"val/images/val_2\.JPEG in it is damaged: Bad CRC-32"):
        load(tmp_path)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


@pytest.fixture
def release(site: Any, write: Write, files: Files, monkeypatch: pytest.MonkeyPatch) -> str:
    """The files as a download from the loopback interface; returns its digest."""
    path = write(site.folder / FORMS[0], files)
    digest = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"
    changed = replace(TinyImageNet.release, url=f"{site.url}{FORMS[0]}", digest=digest)
    monkeypatch.setattr(TinyImageNet, "release", changed)
    return digest


def test_what_is_not_there_is_downloaded_once_when_images_are_needed(
    tmp_path: Path, site: Any, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    images.count("tiny_imagenet", data, classes="first:3")
    images.check_name("tiny_imagenet")
    assert site.sent == [] and not data.exists()
    first = load(data)
    assert first.info.verified is True and len(first.test) == 6
    # From here on the answer stands beside the decoded images.
    monkeypatch.setattr(published, "matches", lambda *_: pytest.fail("hashed again"))
    assert load(data).info == first.info
    assert site.sent == [FORMS[0]]
    assert images.count("tiny_imagenet", data, classes="first:3").test == 6


def test_a_download_of_something_else_leaves_no_archive(
    tmp_path: Path, site: Any, release: str
) -> None:
    (site.folder / FORMS[0]).write_bytes(b"<html>log in first</html>")
    with pytest.raises(FileNotFoundError, match="invalid hash value"):
        load(tmp_path / "data")
    assert not list((tmp_path / "data").glob("*tiny*.zip"))


def test_offline_says_which_file_to_put_where_and_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    changed = replace(TinyImageNet.release, url="http://127.0.0.1:9/tiny-imagenet-200.zip")
    monkeypatch.setattr(TinyImageNet, "release", changed)
    with pytest.raises(FileNotFoundError) as caught:
        load(tmp_path / "data")
    said = str(caught.value)
    assert f"put tiny-imagenet-200.zip from {changed.url} into {tmp_path / 'data'}, " in said
    assert said.endswith("or use --dataset digits --classes all, which works offline.")
    assert "\n" not in said


def test_processes_that_start_together_download_and_decode_once(
    tmp_path: Path, site: Any, release: str
) -> None:
    code = (
        "import sys, images; from pathlib import Path; from dataclasses import replace\n"
        "from images.tiny_imagenet import TinyImageNet as T\n"
        "T.release = replace(T.release, url=sys.argv[1], digest=sys.argv[2])\n"
        "said = []\n"
        "images.load('tiny_imagenet', data_dir=Path(sys.argv[3]), image_size=8,\n"
        "            classes='first:3', progress=lambda *call: said.append(call))\n"
        "print(len(said))"
    )
    words = [f"{site.url}{FORMS[0]}", release, str(tmp_path / "data")]
    running = [
        subprocess.Popen([sys.executable, "-c", code, *words], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert answers == [b"0", b"18"]
    assert site.sent == [FORMS[0]]
