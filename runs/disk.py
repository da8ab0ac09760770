"""What a disk refuses, in a sentence that names it: it is full, only read, or gone."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SENTENCES = {
    errno.ENOSPC: "There is no space left on the disk of {place}.",
    errno.EDQUOT: "The quota of the disk of {place} is used up.",
    errno.EFBIG: "The disk of {place} does not take files as large as this trial's.",
    errno.EROFS: "The disk of {place} is mounted to be read only.",
    errno.EIO: "The disk of {place} fails: it cannot be read or written.",
    errno.ESTALE: "The disk of {place} is gone: its server no longer knows it.",
    errno.ENODEV: "The disk of {place} is gone.",
    errno.ENXIO: "The disk of {place} is gone.",
    errno.ENOTCONN: "The disk of {place} is gone: it is no longer connected.",
}


class DiskError(OSError):
    """The disk does not take what is to be written: one sentence that names it."""


def disk_sentence(error: BaseException, place: Path) -> str | None:
    """What is wrong with the disk, in a sentence; None where an error is not about a disk.

    place: the folder that was written to, for an error that names no other.
    """
    if isinstance(error, DiskError):
        return str(error)
    if not isinstance(error, OSError) or error.errno not in SENTENCES:
        return None
    if isinstance(error.filename, str) and place not in Path(error.filename).parents:
        place = Path(error.filename).parent  # another one, as a trainable's own files may lie on
    return SENTENCES[error.errno].format(place=place)


@contextmanager
def said_of(place: Path) -> Iterator[None]:
    """Inside, what a disk refuses is raised as DiskError, and any other error as it is."""
    try:
        yield
    except OSError as error:
        sentence = disk_sentence(error, place)
        if sentence is None or isinstance(error, DiskError):
            raise
        raise DiskError(sentence) from error
