"""Write a file beside its place, then rename it: a reader sees the old file or the new one."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write(path: Path, content: bytes) -> None:
    """Write a file whole; one that was there stays if that fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, which has no NaN. Raises ValueError if there is one."""
    write(path, f"{json.dumps(value, indent=2, allow_nan=False)}\n".encode())


def write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write the rows of a table, its head among them."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    write(path, file.getvalue().encode())
