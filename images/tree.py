"""Files by name, the same from a zip archive and from the folder that it unpacks to.

A zip archive is read in place and never unpacked, so no name in it can lead anywhere.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from files import limits, regular

PIECE = 4096  # bytes read at once: what a compressed one unpacks to is in memory at once


class Tree(Protocol):
    """The visible files below one folder. `read` may be called from several threads at once."""

    @property
    def path(self) -> Path:
        """The archive or the folder."""

    def __hash__(self) -> int:
        """By identity: a tree is a key of what has been listed in it."""

    @property
    def names(self) -> Iterable[str]:
        """Every file, relative to the folder, "/" between the parts; hidden ones left out."""

    def read(self, name: str, most: int) -> bytes:
        """A file's content.

        most: how many bytes it may have.

        Raises Refused if it has more, or is no regular file, and ValueError, one sentence, if it is
        missing or cannot be read.
        """

    def stamp(self, names: Iterable[str]) -> str:
        """A text that changes whenever one of these files does, without reading them."""


def open_tree(path: Path, root: str) -> Tree:
    """What lies in the folder `path`, or in the folder `root` of the zip archive `path`.

    An archive that has not changed is opened once a process.

    Raises ValueError, one sentence, if it is no zip archive or a damaged one, if it would unpack to
    far more than its size or has too many files, if a name in it leads out of it, or if there are
    no files below root.
    """
    if path.is_dir():
        return FolderTree(path)
    try:
        status = path.stat()
        return _opened(path.absolute(), root, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise unreadable(path, error) from error


def inside(name: str, archive: Path) -> str:
    """A name from an archive with "/" between its parts.

    Raises ValueError if it leads out of the archive.
    """
    clean = name.replace("\\", "/").removeprefix("./")
    if clean.startswith("/") or clean[1:2] == ":" or ".." in clean.split("/"):
        raise ValueError(f"Every name in an archive must stay inside it; {archive} has {name!r}.")
    return clean


class FolderTree:
    """A `Tree` of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """Every visible file, listed once."""
        return list(walk(self.path))

    def read(self, name: str, most: int) -> bytes:
        """A file's content."""
        try:
            return regular.read(self.path / name, most)
        except OSError as error:
            raise unreadable(self.path / name, error) from error

    def part(self, name: str, start: int, size: int) -> bytes:
        """`size` bytes of a file's content, from `start` on.

        Raises ValueError if it ends before.
        """
        try:
            with regular.opened(self.path / name) as file:
                file.seek(start)
                content = file.read(size)
        except OSError as error:
            raise unreadable(self.path / name, error) from error
        if len(content) < size:
            raise ValueError(f"{self.path / name} must not change while it is read; it was cut.")
        return content

    def stamp(self, names: Iterable[str]) -> str:
        """SHA-256 over the place, and every file's name, size and time of change."""
        digest = hashlib.sha256(os.fsencode(self.path.resolve()))
        for name in names:
            try:
                status = (self.path / name).stat()
            except OSError as error:
                raise unreadable(self.path / name, error) from error
            digest.update(os.fsencode(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}"))
        return digest.hexdigest()


class ZipTree:
    """A `Tree` of a zip archive."""

    def __init__(self, path: Path, root: str) -> None:
        self.path = path
        self._root = root
        self._lock = threading.Lock()  # one file handle, with one position in it
        try:
            regular.opened(path).close()
            self._archive = zipfile.ZipFile(path)
        except OSError as error:
            raise unreadable(path, error) from error
        except regular.Refused:
            raise
        except Exception as error:  # damaged bytes raise half a dozen types
            raise ValueError(f"{path} must be a whole zip archive; {error}.") from error
        regular.check_archive(path, self._archive)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._archive.infolist():
            folder, _, name = inside(member.filename, path).partition("/")
            if folder == root and name and not member.is_dir() and not _is_hidden(name):
                self._members[name] = member
        if not self._members:
            raise ValueError(f"{path} must hold files below {root}/; it has none.")

    @property
    def names(self) -> Iterable[str]:
        """Every visible file."""
        return self._members.keys()

    def read(self, name: str, most: int) -> bytes:
        """A file's content, checked against the archive's own checksum of it."""
        if name not in self._members:
            raise ValueError(f"{self.path} must hold {self._root}/{name}; it does not.")
        member = self._members[name]
        regular.check_size(f"{self.path}: {self._root}/{name}", member.file_size, most)
        try:
            with self._lock, self._archive.open(member) as file:
                # Never more than the member says to have, whatever it unpacks to.
                return b"".join(iter(lambda: file.read(PIECE), b""))
        except MemoryError:
            raise
        except OSError as error:
            raise unreadable(self.path, error) from error
        except Exception as error:  # so do damaged bytes in the decompressors
            raise ValueError(
                f"{self.path} must be a whole zip archive; {self._root}/{name} in it is damaged: "
                f"{error}."
            ) from error

    def stamp(self, names: Iterable[str]) -> str:
        """SHA-256 over the archive's place, size and time of change."""
        status = self.path.stat()
        text = f"{self.path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
        return hashlib.sha256(os.fsencode(text)).hexdigest()


@lru_cache(maxsize=4)
def _opened(path: Path, root: str, size: int, mtime_ns: int) -> ZipTree:
    """Size and time stand for the content: reading the list of 120,000 files takes a second."""
    return ZipTree(path, root)


def walk(folder: Path) -> Iterator[str]:
    """Every visible file below `folder`, relative to it; links to folders are followed.

    Raises ValueError if there are too many, or a folder cannot be read.
    """
    seen, count = set(), 0
    for place, inner, files in os.walk(folder, followlinks=True, onerror=_refuse):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder above it would never end
            inner.clear()
            continue
        seen.add(real)
        count += len(files)
        if count > limits.ARCHIVE_FILES:
            raise regular.Refused(folder, f"has more than {limits.ARCHIVE_FILES:,} files")
        inner[:] = [name for name in inner if not name.startswith(".")]
        below = Path(place).relative_to(folder).as_posix()
        start = "" if below == "." else f"{below}/"
        yield from (start + name for name in files if not name.startswith("."))


def unreadable(path: object, error: OSError) -> ValueError:
    """The sentence about a file that is there and cannot be read: that is no corrupt picture."""
    return ValueError(f"Every picture must be readable; {path} is not: {error.strerror or error}.")


def _refuse(error: OSError) -> None:
    raise unreadable(error.filename, error) from error


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name
