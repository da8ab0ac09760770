"""All trial folders of a run in one file, which is read as the folder that it stands for."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zlib import error as ZlibError

from runs.errors import UsageError

NAME = "trials.zip"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same for all: the same trials give the same bytes
# Without this, half of an archive would be opened as the last whole one within it, an .npz.
MARK = b"trials of a run"
MODE = 0o100644 << 16  # a file that its owner may write

# What a damaged archive raises where it is read.
DAMAGED = (zipfile.BadZipFile, ZlibError, EOFError, RuntimeError)

Readable = Traversable
"""A folder or file that is read, on disk (pathlib.Path) or in a bundle (Bundled)."""


class Bundled(zipfile.Path):
    """A folder or file in a bundle; processes are sent where it is, not what is in it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _inside, (Path(str(self.root.filename)), self.at)


def open_bundle(file: Path) -> Readable:
    """What a bundle holds, as the folder trials/.

    Raises UsageError if it is no whole archive.
    """
    return _inside(file, "")


def _inside(file: Path, at: str) -> Bundled:
    return Bundled(_archive(file), at)


def _archive(file: Path) -> zipfile.ZipFile:
    about = file.stat()
    return _opened(file, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=8)
def _opened(file: Path, *_as_it_is: int) -> zipfile.ZipFile:
    """Once as long as it stays: listing what it holds is most of the time that reading takes."""
    try:
        archive = zipfile.ZipFile(file)
    except (*DAMAGED, OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read: it is no whole archive.") from None
    if archive.comment != MARK:
        raise UsageError(f"{file} cannot be read: it is no whole archive of trials.")
    return archive


def content(file: Readable) -> bytes:
    """What a file holds.

    Raises UsageError if its bundle is damaged there.
    """
    try:
        return file.read_bytes()
    except DAMAGED:
        raise UsageError(f"{file} cannot be read: its archive is damaged.") from None


@contextmanager
def on_disk(file: Readable) -> Iterator[Path]:
    """A file as one with a path: itself, or a copy by its name for as long as this lasts."""
    if isinstance(file, Path):
        yield file
        return
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / file.name
        copy.write_bytes(file.read_bytes())
        yield copy


def pack(folder: Path, file: Path) -> None:
    """Bundle all files below a folder; the same files give the same bytes."""
    beside = file.with_name(f".{file.name}")
    with zipfile.ZipFile(beside, "w") as archive:
        archive.comment = MARK
        names = {one.relative_to(folder).as_posix(): one for one in folder.rglob("*")}
        for name in sorted(name for name, one in names.items() if one.is_file()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.external_attr = MODE
            small = name.endswith((".npz", ".png"))  # nothing is left to squeeze out
            entry.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
            archive.writestr(entry, names[name].read_bytes())
    beside.replace(file)


def unpack(file: Path, folder: Path) -> None:
    """Make the folder of a bundle, which is then gone: beside it, and renamed when it is whole.

    Raises UsageError if the bundle is damaged, and leaves it as it is.
    """
    archive, beside = _archive(file), folder.with_name(f".{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        archive.extractall(beside)
        beside.rename(folder)
    except DAMAGED:
        raise UsageError(f"{file} cannot be read: its archive is damaged.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    file.unlink()
