"""STL-10 in its published binary layout: pixels, labels, the archive, and what does not fit."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import images
from images import stl10
from images.stl10 import CLASSES, MD5

Files = dict[str, bytes]
Write = Callable[[Path, Files], Path]
ROOT = Path(images.__file__).parents[1]
TAR = "stl10_binary.tar.gz"


@pytest.fixture
def files() -> Files:
    """Noise: 40 train and 20 test images of ten classes, in the order of the published archive."""
    random = np.random.default_rng(0)
    files: Files = {}
    for part, amount in (("test", 20), ("train", 40)):
        files[f"{part}_X.bin"] = random.integers(0, 256, (amount, 3, 96, 96), np.uint8).tobytes()
        files[f"{part}_y.bin"] = bytes(1 + number % 10 for number in range(amount))
    files["unlabeled_X.bin"] = bytes(1000)
    files["class_names.txt"] = "\n".join(CLASSES).encode() + b"\n"
    files["fold_indices.txt"] = b"0 1 2\n"
    return {f"stl10_binary/{name}": content for name, content in files.items()}


def pack(data_dir: Path, files: Files, *members: tarfile.TarInfo) -> Path:
    """Write DATA/stl10_binary.tar.gz, with further members at its end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with tarfile.open(data_dir / TAR, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return data_dir / TAR


def load(data_dir: Path, size: int = 96) -> images.Splits:
    return images.load("stl10", data_dir=data_dir, image_size=size)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_both_forms_give_the_same_images_and_fingerprint(
    tmp_path: Path, write: Write, files: Files
) -> None:
    pack(tmp_path / "a", files)
    write(tmp_path / "b", files)
    archive, folder = load(tmp_path / "a"), load(tmp_path / "b")
    np.testing.assert_array_equal(archive.train.store, folder.train.store)
    assert archive.info == folder.info
    assert archive.info.counts == {"train": 30, "val": 10, "test": 20}
    assert archive.info.verified is False
    assert left_in(tmp_path / "a") == ["cache", "stl10_binary", TAR]
    assert left_in(tmp_path / "a" / "stl10_binary") == ["class_names.txt", *MD5]


def test_pixels_are_stored_column_after_column(tmp_path: Path, write: Write, files: Files) -> None:
    write(tmp_path, files)
    splits = load(tmp_path)
    raw = files["stl10_binary/test_X.bin"]
    for index in (0, 7, 19):
        expected = np.empty((3, 96, 96), np.uint8)
        position = index * 3 * 96 * 96
        for channel in range(3):
            for column in range(96):
                for row in range(96):
                    expected[channel, row, column] = raw[position]
                    position += 1
        np.testing.assert_array_equal(splits.test.pixels[index], expected)
        assert splits.test.labels[index] == index % 10


def test_pixels_are_those_of_torchvision(tmp_path: Path, write: Write, files: Files) -> None:
    from torchvision.datasets import STL10  # type: ignore[import-untyped, unused-ignore]

    write(tmp_path, files)
    reader = STL10.__new__(STL10)  # its constructor wants the published digests
    reader.root, reader.base_folder = str(tmp_path), "stl10_binary"
    pixels, labels = reader._STL10__loadfile("test_X.bin", "test_y.bin")
    splits = load(tmp_path)
    np.testing.assert_array_equal(splits.test.pixels, pixels)
    np.testing.assert_array_equal(splits.test.labels, labels)


def test_another_size_is_resized(tmp_path: Path, write: Write, files: Files) -> None:
    write(tmp_path, files)
    assert load(tmp_path, 32).test.pixels.shape == (20, 3, 32, 32)


def test_classes_in_another_order_are_sorted_with_their_labels(
    tmp_path: Path, write: Write, files: Files
) -> None:
    names = "\n".join(reversed(CLASSES)).encode()
    write(tmp_path, files | {"stl10_binary/class_names.txt": names})
    splits = load(tmp_path)
    assert splits.info.classes == list(CLASSES)
    assert splits.test.labels[:10].tolist() == list(range(9, -1, -1))


def test_without_files_or_before_unpacking_the_published_numbers_count(
    tmp_path: Path, files: Files
) -> None:
    for _ in range(2):
        sizes = images.count("stl10", tmp_path)
        assert (sizes.train, sizes.val, sizes.test, sizes.classes) == (4500, 500, 8000, 10)
        pack(tmp_path, files)
    assert left_in(tmp_path) == [TAR]
    load(tmp_path)
    assert images.count("stl10", tmp_path).test == 20


def test_published_files_are_known_by_their_digests(
    tmp_path: Path, write: Write, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in MD5:
        digest = hashlib.md5(files[f"stl10_binary/{name}"]).hexdigest()
        monkeypatch.setitem(MD5, name, digest)
    write(tmp_path, files)
    assert load(tmp_path).info.verified is True


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("train_X.bin", lambda old: old[:-1], "whole images of 27,648 bytes; it has 1,105,919"),
        (
            "train_X.bin",
            lambda old: old[:-27648],
            "the 40 labels in train_y.bin; it has 39",
        ),
        ("test_y.bin", lambda old: old + b"\1", "each of the 21 labels in test_y.bin; it has 20"),
        ("test_y.bin", lambda old: b"\0" + old[1:], "labels from 1 to 10.*; it has 0 to 10"),
        ("test_y.bin", lambda old: b"\x0b" + old[1:], "labels from 1 to 10.*; it has 1 to 11"),
        ("class_names.txt", lambda old: old + b"cat", "name every class once.*11 lines, 10 of"),
        ("class_names.txt", lambda old: b"", "name every class once.*0 lines"),
        ("train_X.bin", None, "train_X.bin"),
        ("test_y.bin", None, "test_y.bin"),
        ("class_names.txt", None, "class_names.txt"),
    ],
)
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_files_that_do_not_fit_each_other_are_a_sentence(
    tmp_path: Path, write: Write, files: Files, form: str, name: str, content: Any, sentence: str
) -> None:
    old = files.pop(f"stl10_binary/{name}")
    if content is not None:
        files[f"stl10_binary/{name}"] = content(old)
    if form == "archive":
        pack(tmp_path, files)
    else:
        write(tmp_path, files)
    with pytest.raises(ValueError, match=sentence) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("cache/stl10*"))


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_archive_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, files: Files, kept: float
) -> None:
    path = pack(tmp_path, files)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"must be a whole \.tar\.gz archive; ") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == [TAR]


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_damaged_archive_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, files: Files, place: float
) -> None:
    path = pack(tmp_path, files)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must be "):
        load(tmp_path)
    assert left_in(tmp_path) == [TAR]


def test_what_is_no_archive_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / TAR).write_bytes(b"<html>not found</html>" * 99)
    with pytest.raises(ValueError, match=r"must be a whole \.tar\.gz archive; "):
        load(tmp_path)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "stl10_binary/../../x"])
def test_a_name_that_leads_out_of_the_archive_is_refused(
    tmp_path: Path, files: Files, name: str
) -> None:
    pack(tmp_path / "data", files, tarfile.TarInfo(name))
    with pytest.raises(ValueError, match="must stay inside it; "):
        load(tmp_path / "data")
    assert left_in(tmp_path) == ["data"] and left_in(tmp_path / "data") == [TAR]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_in_place_of_a_file_is_refused(tmp_path: Path, files: Files, kind: bytes) -> None:
    del files["stl10_binary/class_names.txt"]
    member = tarfile.TarInfo("stl10_binary/class_names.txt")
    member.type, member.linkname = kind, "../../secret"
    pack(tmp_path, files, member)
    with pytest.raises(ValueError, match=r"hold stl10_binary/class_names\.txt as a file"):
        load(tmp_path)
    assert left_in(tmp_path) == [TAR]


def test_what_a_killed_unpacking_left_is_removed(tmp_path: Path, files: Files) -> None:
    pack(tmp_path, files)
    (tmp_path / ".stl10_binary.building").mkdir()
    (tmp_path / ".stl10_binary.building" / "train_X.bin").write_bytes(b"half")
    assert load(tmp_path).info.counts["test"] == 20
    assert left_in(tmp_path) == ["cache", "stl10_binary", TAR]


def test_processes_that_start_together_unpack_and_decode_once(tmp_path: Path, files: Files) -> None:
    pack(tmp_path, files)
    code = (
        "import sys, images; from pathlib import Path; said = []\n"
        "images.load('stl10', data_dir=Path(sys.argv[1]), image_size=8,\n"
        "            progress=lambda *call: said.append(call))\n"
        "print(len(said))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert answers == [b"0", b"60"]
    assert left_in(tmp_path) == ["cache", "stl10_binary", TAR]


def test_what_is_not_there_is_downloaded_and_unpacked(
    tmp_path: Path, site: Any, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.md5(pack(site.folder, files).read_bytes()).hexdigest()
    release = replace(stl10.RELEASE, url=f"{site.url}{TAR}", digest=f"md5:{digest}")
    monkeypatch.setattr(stl10, "RELEASE", release)
    for _ in range(2):
        assert load(tmp_path / "data").info.counts["test"] == 20
    assert site.sent == [TAR]


def test_offline_says_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(stl10, "RELEASE", replace(stl10.RELEASE, url=f"http://127.0.0.1:9/{TAR}"))
    with pytest.raises(FileNotFoundError, match=rf"put {TAR} from .* into {tmp_path}, or use"):
        load(tmp_path)
