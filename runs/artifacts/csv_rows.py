"""The rows of a table in a trial's folder."""

from __future__ import annotations

import csv
import io

from runs.bundle import Readable


def rows(file: Readable) -> list[list[str]]:
    """All of them, the head too."""
    text = file.read_bytes().decode()
    return list(csv.reader(io.StringIO(text, newline="")))
