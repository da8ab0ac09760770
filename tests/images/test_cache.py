"""The cache: decoded once, by one process; nothing half-made is ever used."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import images
from images import cache
from images.folder import Folder

MakeFolder = Callable[..., Path]
ROOT = Path(images.__file__).parents[1]

# Loads a folder and notes every decoded picture in a file; argv: folder, data_dir, notes, seconds.
LOADER = """
import sys, time
from pathlib import Path
import images
from images.folder import Folder

root, data_dir, notes, seconds = sys.argv[1:]
decode = Folder.decode

def noting(self, content, size):
    with open(notes, "a") as file:
        file.write("x")
    time.sleep(float(seconds))
    return decode(self, content, size)

Folder.decode = noting
splits = images.load(f"folder:{root}", data_dir=Path(data_dir), image_size=6)
print(splits.info.fingerprint, splits.test.pixels.sum())
"""


def load(root: Path, data_dir: Path, **options: Any) -> images.Splits:
    return images.load(f"folder:{root}", data_dir=data_dir, image_size=6, **options)


def start(root: Path, data_dir: Path, notes: Path, seconds: float) -> subprocess.Popen[str]:
    arguments = [str(root), str(data_dir), str(notes), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def entries(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "cache").iterdir() if path.name != "lock")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with every picture that is decoded."""
    calls: list[int] = []
    original = Folder.decode

    def noting(self: Folder, content: bytes, size: int) -> Any:
        calls.append(size)
        return original(self, content, size)

    monkeypatch.setattr(Folder, "decode", noting)
    return calls


def test_the_second_use_decodes_nothing_and_gives_the_same(
    make_folder: MakeFolder, tmp_path: Path, decoded: list[int]
) -> None:
    root = make_folder()
    first = load(root, tmp_path)
    assert len(decoded) == 16
    second = load(root, tmp_path)
    assert len(decoded) == 16
    np.testing.assert_array_equal(first.train.pixels, second.train.pixels)
    assert first.info == second.info


def test_another_seed_or_selection_uses_the_same_entry(
    make_folder: MakeFolder, tmp_path: Path, decoded: list[int]
) -> None:
    root = make_folder()
    load(root, tmp_path)
    load(root, tmp_path, seed=3, images_per_class=2, val_fraction=0.3)
    assert len(decoded) == 16
    assert len(entries(tmp_path)) == 1


def test_another_size_is_decoded_beside_the_first(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder()
    load(root, tmp_path)
    larger = images.load(f"folder:{root}", data_dir=tmp_path, image_size=9)
    assert larger.test.pixels.shape == (5, 3, 9, 9)
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize("change", ["added", "removed", "rewritten"])
def test_a_changed_folder_is_decoded_again(
    make_folder: MakeFolder, tmp_path: Path, decoded: list[int], change: str
) -> None:
    root = make_folder()
    before = load(root, tmp_path)
    cat = root / "train" / "cat"
    if change == "added":
        shutil.copy(cat / "0.png", cat / "new.png")
    elif change == "removed":
        (cat / "0.png").unlink()
    else:
        os.utime(cat / "0.png", ns=(1, 1))
    decoded.clear()
    after = load(root, tmp_path)
    assert decoded
    expected = {"added": 1, "removed": -1, "rewritten": 0}[change]
    assert len(after.train) + len(after.val) - len(before.train) - len(before.val) == expected


def test_pixels_are_mapped_from_the_file_and_a_stray_write_stays_out_of_it(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    splits = load(root, tmp_path)
    assert isinstance(splits.train.store.base, np.memmap)
    before = load(root, tmp_path).train.pixels
    splits.train.store[:] = 0
    np.testing.assert_array_equal(load(root, tmp_path).train.pixels, before)


def test_progress_counts_every_picture_once(make_folder: MakeFolder, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    root = make_folder()
    load(root, tmp_path, progress=lambda *call: calls.append(call))
    assert calls == [("decoding folder:pets", done, 16) for done in range(1, 17)]
    calls.clear()
    load(root, tmp_path, progress=lambda *call: calls.append(call))
    assert calls == []


def test_pictures_stay_in_order_beyond_one_chunk(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder()
    whole = load(root, tmp_path / "whole")
    monkeypatch.setattr(cache, "_CHUNK", 3)
    pieces = load(root, tmp_path / "pieces")
    np.testing.assert_array_equal(whole.train.store, pieces.train.store)


def test_processes_that_start_together_decode_once(make_folder: MakeFolder, tmp_path: Path) -> None:
    root, notes = make_folder(), tmp_path / "notes"
    running = [start(root, tmp_path, notes, 0.05) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(set(answers)) == 1
    assert notes.read_text() == "x" * 16


def test_a_build_that_was_killed_is_cleaned_and_done_again(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root, notes = make_folder(), tmp_path / "notes"
    process = start(root, tmp_path, notes, 30)
    try:
        deadline = time.monotonic() + 60
        while not notes.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    [left] = entries(tmp_path)
    assert left.endswith(".building")

    clean = load(root, tmp_path / "clean")
    splits = load(root, tmp_path)
    [entry] = entries(tmp_path)
    assert entry == left.removesuffix(".building")
    np.testing.assert_array_equal(splits.train.store, clean.train.store)


def test_a_leftover_of_another_source_is_cleaned_too(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    left = tmp_path / "cache" / "folder_old-6-0123.building"
    left.mkdir(parents=True)
    (left / "pixels.npy").write_bytes(b"half")
    load(make_folder(), tmp_path)
    assert not left.exists()


@pytest.mark.parametrize("file", ["pixels.npy", "index.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_damaged_entry_is_built_again(
    make_folder: MakeFolder, tmp_path: Path, file: str, damage: str
) -> None:
    root = make_folder()
    before = load(root, tmp_path).train.pixels
    [entry] = entries(tmp_path)
    path = tmp_path / "cache" / entry / file
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else content[:-20])
    np.testing.assert_array_equal(load(root, tmp_path).train.pixels, before)
    assert path.stat().st_size == len(content)


def test_a_build_that_fails_leaves_nothing(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Folder, content: bytes, size: int) -> None:
        raise MemoryError

    monkeypatch.setattr(Folder, "decode", fail)
    with pytest.raises(MemoryError):
        load(make_folder(), tmp_path)
    assert entries(tmp_path) == []


def test_a_data_folder_that_cannot_be_written_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"data folder must be writable, .*file/cache is not: "):
        load(make_folder(), tmp_path / "file")


def test_a_lock_that_cannot_be_taken_is_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "cache" / "lock").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"data folder must be writable, .*cache is not: "):
        load(make_folder(), tmp_path)


def test_an_entry_is_used_from_a_folder_that_cannot_be_written(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    root = make_folder()
    load(root, tmp_path)
    (tmp_path / "cache" / "lock").unlink(missing_ok=True)
    (tmp_path / "cache" / "lock").mkdir()  # from here on every attempt to build would fail
    assert len(load(root, tmp_path).train) == 9


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_disk_that_is_too_small_is_refused_before_decoding(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[int]
) -> None:
    root = make_folder()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(ValueError, match=r"need 67 MB of disk; .*cache has 1 MB free"):
        load(root, tmp_path)
    assert decoded == [] and entries(tmp_path) == []


def test_a_disk_that_fills_up_while_writing_is_a_sentence(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"must fit on the disk.*No space left on device"):
        load(make_folder(), tmp_path)
    assert entries(tmp_path) == []
