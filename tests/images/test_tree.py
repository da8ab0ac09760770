"""Files by name out of a zip archive and out of a folder."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from images.tree import open_tree

Write = Callable[[Path, dict[str, bytes]], Path]
FILES = {"root/a.txt": b"a", "root/deep/b.bin": bytes(1000), "beside/c": b"c"}
HIDDEN = {"root/.DS_Store": b"x", "root/.git/config": b"x", "__MACOSX/root/._a.txt": b"x"}


@pytest.mark.parametrize("form", ["data.zip", "data"])
def test_visible_files_below_the_root_are_there_and_no_others(
    tmp_path: Path, write: Write, form: str
) -> None:
    path = write(tmp_path / form, FILES | HIDDEN)
    tree = open_tree(path if path.is_file() else path / "root", "root")
    assert sorted(tree.names) == ["a.txt", "deep/b.bin"]
    assert tree.read("deep/b.bin", 1000) == bytes(1000)
    with pytest.raises(ValueError, match=r"none\.txt"):
        tree.read("none.txt", 1)


@pytest.mark.parametrize("form", ["data.zip", "data"])
def test_a_stamp_follows_a_change_and_an_archive_is_opened_again(
    tmp_path: Path, write: Write, form: str
) -> None:
    path = write(tmp_path / form, FILES)
    place = path if path.is_file() else path / "root"
    tree = open_tree(place, "root")
    before = tree.stamp(["a.txt"])
    assert open_tree(place, "root").stamp(["a.txt"]) == before
    write(path, FILES | {"root/a.txt": b"other"})
    after = open_tree(place, "root")
    assert after.stamp(["a.txt"]) != before
    assert after.read("a.txt", 5) == b"other"


def test_backslashes_of_a_windows_archive_separate_too(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "data.zip", {"root\\deep\\b.bin": b"b"})
    assert list(open_tree(path, "root").names) == ["deep/b.bin"]


@pytest.mark.parametrize("name", ["../x", "root/../../x", "/etc/x", "C:\\x", "..\\x", "root/.."])
def test_a_name_that_leads_out_of_an_archive_is_refused(
    tmp_path: Path, write: Write, name: str
) -> None:
    path = write(tmp_path / "data.zip", {**FILES, name: b"x"})
    with pytest.raises(ValueError, match=r"must stay inside it; .*data\.zip has '"):
        open_tree(path, "root")


@pytest.mark.parametrize("content", [b"", b"id,label\n1,cat\n", b"<html>not found</html>"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"data\.zip must be a whole zip archive; "):
        open_tree(tmp_path / "data.zip", "root")


@pytest.mark.parametrize("kept", [0.2, 0.7, 0.99])
def test_a_truncated_archive_is_refused(tmp_path: Path, write: Write, kept: float) -> None:
    path = write(tmp_path / "data.zip", FILES)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"data\.zip must be a whole zip archive; "):
        open_tree(path, "root")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_file_in_an_archive_is_an_error(tmp_path: Path, method: int) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("root/a.bin", os.urandom(4000))
    content = bytearray(path.read_bytes())
    content[1000:1100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"whole zip archive; root/a\.bin in it is damaged: "):
        open_tree(path, "root").read("a.bin", 4000)


def test_an_archive_of_something_else_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "data.zip", {"other/a.txt": b"a"})
    with pytest.raises(ValueError, match=r"data\.zip must hold files below root/; it has none"):
        open_tree(path, "root")


def test_many_threads_read_one_archive(tmp_path: Path) -> None:
    files = {f"{number}.bin": os.urandom(5000 + number) for number in range(300)}
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"root/{name}", content)
    tree = open_tree(tmp_path / "data.zip", "root")
    names = list(files) * 5
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(partial(tree.read, most=10**6), names)) == [
            files[name] for name in names
        ]
