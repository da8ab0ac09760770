"""Reading what others made: regular files only, and no more of them than a limit.

A pipe would wait for ever, and a device never end. A link counts as what it leads to.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

from files import limits


class Refused(ValueError):
    """A file that is not read.

    why: what is wrong with it, to follow its name: "is no regular file".
    """

    def __init__(self, name: object, why: str) -> None:
        super().__init__(f"{name} {why}.")
        self.why = why


def opened(path: Path, most: int | None = None) -> io.BufferedReader:
    """A regular file, open for reading its bytes.

    most: how many bytes it may have; None for any number.

    Raises Refused if it is something else or larger, and OSError if it cannot be opened.
    """
    # Without O_NONBLOCK opening a pipe would wait; what is opened is looked at, not its name, which
    # may mean another file by then.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(path, "is no regular file")
        if most is not None:
            check_size(path, status.st_size, most)
        return io.BufferedReader(io.FileIO(number, "rb"))
    except BaseException:
        os.close(number)
        raise


def read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises as `opened` does.
    """
    with opened(path, most) as file:
        content = file.read(most + 1)
    check_size(path, len(content), most)  # some files have more than they say
    return content


def check_size(name: object, size: int, most: int) -> None:
    """Raises Refused if there are more than `most` bytes."""
    if size > most:
        raise Refused(name, f"has more than {most / 2**20:,.0f} MiB")


def check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """By what a zip archive says of itself, before anything in it is read.

    Raises Refused if it has too many files, unpacks to far more than its size, or is packed by
    bzip2, of which a few bytes can only be unpacked at once, to a gigabyte.
    """
    members = archive.infolist()
    if any(member.compress_type == zipfile.ZIP_BZIP2 for member in members):
        raise Refused(path, "is packed by bzip2, which is not read; pack it anew by deflate")
    if len(members) > limits.ARCHIVE_FILES:
        raise Refused(path, f"has more than {limits.ARCHIVE_FILES:,} files")
    check_unpacked(path, sum(member.file_size for member in members))


def check_unpacked(path: Path, size: int) -> None:
    """Raises Refused if an archive that unpacks to `size` bytes is far smaller itself."""
    packed = path.stat().st_size
    if size > limits.unpacked_at_most(packed):
        raise Refused(
            path,
            f"unpacks to more than {limits.unpacked_at_most(packed) / 2**20:,.0f} MiB, over "
            f"{limits.ARCHIVE_RATIO} times its own size, as no archive of data does",
        )
