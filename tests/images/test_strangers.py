"""Pictures and archives that somebody else made: nothing waits, nothing fills memory or disk."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import images
from files import limits, regular
from images.tree import ZipTree, open_tree
from images.unpack import unpack

MakeFolder = Callable[..., Path]
Jpeg = Callable[..., bytes]
MIB = 2**20

pytestmark = pytest.mark.timeout(30)  # what waits for a pipe would wait for ever


def png(width: int, height: int) -> bytes:
    """A whole black PNG, packed a thousand times smaller than its pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def load(root: Path, data_dir: Path) -> images.Splits:
    return images.load(f"folder:{root}", data_dir=data_dir, image_size=6)


def test_what_is_no_regular_file_is_left_out_and_said(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    os.mkfifo(root / "train" / "cat" / "f.jpg")
    (root / "train" / "dog" / "zero.png").symlink_to("/dev/zero")
    (root / "test" / "dog" / "broken.png").write_bytes(b"no picture")
    info = load(root, tmp_path).info
    assert info.dropped == ["test/dog/broken.png", "train/cat/f.jpg", "train/dog/zero.png"]
    assert info.reasons == dict.fromkeys(info.dropped[1:], "is no regular file")
    assert load(root, tmp_path).info == info, "out of the cache, too"
    assert images.left_out(info.dropped, info.reasons) == (
        "3 images are left out, since the file is corrupt (test/dog/broken.png), or is no regular "
        "file (2, such as train/cat/f.jpg)."
    )


def test_a_link_to_a_picture_counts(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder()
    before = load(root, tmp_path).info.counts
    (root / "test" / "cat" / "link.png").symlink_to(root / "test" / "dog" / "0.png")
    after = load(root, tmp_path).info
    assert after.dropped == [] and after.counts["test"] == before["test"] + 1


@pytest.mark.parametrize("side", [9_460, 13_000, 40_000])
def test_a_picture_with_too_many_pixels_is_never_decoded(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    from PIL import ImageFile

    root = make_folder()
    small = png(side, 1)  # its header is changed to say that it has many rows
    ihdr = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + ihdr))
    (root / "train" / "cat" / "large.png").write_bytes(small[:16] + ihdr + crc + small[33:])
    decoded = list[tuple[int, int]]()
    original = ImageFile.ImageFile.load

    def watched(self: ImageFile.ImageFile) -> object:
        decoded.append(self.size)
        return original(self)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    info = load(root, tmp_path).info
    assert info.reasons == {"train/cat/large.png": "has more than 89,478,485 pixels"}
    assert set(decoded) == {(6, 6)}


def test_a_large_picture_that_is_allowed_is_decoded(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    (root / "train" / "cat" / "photo.png").write_bytes(png(5_000, 4_000))
    assert load(root, tmp_path).info.dropped == []


def test_too_large_a_file_is_left_out_unread(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder()
    with (root / "test" / "cat" / "hole.bmp").open("wb") as file:
        file.truncate(2**42)
    info = load(root, tmp_path).info
    assert info.reasons == {"test/cat/hole.bmp": "has more than 256 MiB"}


def test_where_nothing_is_left_the_reason_is_said(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder(test={"cat": 1, "dog": 0})
    os.mkfifo(root / "test" / "dog" / "f.jpg")
    said = r"without test images: dog; 1 image is left out, since the file is no regular file \("
    with pytest.raises(ValueError, match=said):
        load(root, tmp_path)


@pytest.mark.parametrize("place", ["train.zip", "tiny-imagenet-200.zip", "stl10_binary.tar.gz"])
def test_an_archive_that_is_a_pipe_is_a_sentence(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / place)
    name = {"train.zip": "dogs_vs_cats", "stl10_binary.tar.gz": "stl10"}.get(place, "tiny_imagenet")
    with pytest.raises(ValueError, match=rf"{place} is no regular file"):
        images.load(name, data_dir=tmp_path, image_size=8)


@pytest.mark.parametrize("name", ["train_X.bin", "train_y.bin", "class_names.txt"])
def test_a_pipe_among_stl10s_files_is_a_sentence_when_it_is_checked(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    for other in ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"):
        (folder / other).write_bytes(b"")
    (folder / "class_names.txt").write_text("a\nb\n")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match=rf"{name} is no regular file"):
        images.count("stl10", tmp_path)


def test_too_large_a_file_of_annotations_is_refused(tmp_path: Path, jpeg: Jpeg) -> None:
    root = tmp_path / "tiny-imagenet-200"
    (root / "val" / "images").mkdir(parents=True)
    (root / "wnids.txt").write_text("n1\nn2\n")
    with (root / "val" / "val_annotations.txt").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match=r"val_annotations\.txt has more than 64 MiB"):
        images.count("tiny_imagenet", tmp_path)


def zeros(path: Path, size: int, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive with root/0.bmp, `size` zeros."""
    with (
        zipfile.ZipFile(path, "w", method) as archive,
        archive.open("root/0.bmp", "w", force_zip64=True) as file,
    ):
        for _ in range(size // MIB):
            file.write(bytes(MIB))
    return path


def test_an_archive_that_unpacks_to_far_more_is_refused_unread(tmp_path: Path) -> None:
    path = zeros(tmp_path / "bomb.zip", 80 * MIB)
    assert path.stat().st_size < MIB
    with pytest.raises(regular.Refused, match=r"bomb\.zip unpacks to more than 64 MiB, over 100"):
        open_tree(path, "root")


def lying(path: Path, size: int) -> Path:
    """The archive, whose headers say of its only file that it has `size` bytes."""
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", size)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_file_in_an_archive_that_lies_about_its_size_fills_no_memory(
    tmp_path: Path, method: int
) -> None:
    import tracemalloc

    tree = open_tree(lying(zeros(tmp_path / "liar.zip", 300 * MIB, method), 1000), "root")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"root/0\.bmp in it is damaged"):
            tree.read("0.bmp", limits.IMAGE_BYTES)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * MIB


def test_an_archive_of_which_nothing_can_be_unpacked_in_part_is_refused(tmp_path: Path) -> None:
    path = zeros(tmp_path / "data.zip", MIB, zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match=r"data\.zip is packed by bzip2"):
        open_tree(path, "root")


def test_too_large_a_file_in_an_archive_is_refused_unread(tmp_path: Path) -> None:
    path = zeros(tmp_path / "data.zip", 3 * MIB)
    tree = ZipTree(path, "root")
    assert tree.read("0.bmp", 3 * MIB) == bytes(3 * MIB)
    with pytest.raises(regular.Refused, match=r"data\.zip: root/0\.bmp has more than 2 MiB"):
        tree.read("0.bmp", 2 * MIB)


def endless(megabytes: int) -> Iterator[bytes]:
    yield from (bytes(MIB) for _ in range(megabytes))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_tar_archive_that_unpacks_to_far_more_is_stopped(tmp_path: Path, wanted: bool) -> None:
    path = tmp_path / "data.tar.gz"
    member = tarfile.TarInfo("data/a.bin" if wanted else "data/other.bin")
    member.size = 200 * MIB
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(member.tobuf())
        for block in endless(200):
            file.write(block)
    assert path.stat().st_size < 2 * MIB
    with pytest.raises(ValueError, match=r"data\.tar\.gz unpacks to more than \d+ MiB"):
        unpack(path, tmp_path / "data", ("a.bin",))
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / ".data.building").exists()


def test_a_file_with_holes_in_a_tar_archive_fills_no_disk(tmp_path: Path) -> None:
    path = tmp_path / "data.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        member = tarfile.TarInfo("data/a.bin")
        member.type = tarfile.GNUTYPE_SPARSE
        archive.addfile(member, io.BytesIO())
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[483:495] = b"%011o\0" % (2**33 - 1)  # its real size, where GNU tar keeps it
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    path.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(ValueError, match=r"data\.tar\.gz unpacks to more than"):
        unpack(path, tmp_path / "data", ("a.bin",))
