"""Write a file beside its place, then rename it: a reader sees the old file or the new one.

A machine that loses its power may have renamed a file whose content it never wrote. What must
outlast that is written with `lasting`, and so is on the disk before the call returns.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TEMPORARY = re.compile(r"\.(.+)\.\d+")  # what a process writes before it renames it
NOT_FOR_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)


def write(path: Path, content: bytes, *, lasting: bool = False) -> None:
    """Write a file whole; one that was there stays if that fails.

    lasting: whether it is on the disk afterwards, which takes some milliseconds.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        if lasting:
            sync_file(temporary)
        os.replace(temporary, path)
        if lasting:
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, lasting: bool = False) -> None:
    """Write a value as JSON, which has no NaN. Raises ValueError if there is one."""
    text = json.dumps(value, indent=2, allow_nan=False)
    write(path, f"{text}\n".encode(), lasting=lasting)


def write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write the rows of a table, its head among them."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    write(path, file.getvalue().encode())


def sync(descriptor: int) -> None:
    """Wait until what was written to a file is on the disk."""
    os.fsync(descriptor)


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk, whoever wrote it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where its file system can say so."""
    try:
        sync_file(path)
    except OSError as error:
        if error.errno not in NOT_FOR_FOLDERS:
            raise


def remove_temporaries(folder: Path) -> None:
    """Remove what killed processes left half-written; to be called where no other one writes."""
    for file in folder.glob(".*"):
        if TEMPORARY.fullmatch(file.name) and file.is_file():
            file.unlink(missing_ok=True)
