"""What reading a trial's file comes to where it is missing or broken."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from struct import error as StructError
from zipfile import BadZipFile
from zlib import error as ZlibError

# What numpy, zipfile, csv and json raise over a file that is cut off or is something else.
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    BadZipFile,
    ZlibError,
    StructError,
    csv.Error,
)


class Absent(Exception):
    """What is asked of a trial's files is not there; says what."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Read a file in here. Raises Absent if it is missing or broken."""
    try:
        yield
    except FileNotFoundError:
        raise Absent(f"no {name}") from None
    except BROKEN:
        raise Absent(f"{name} cannot be read") from None
