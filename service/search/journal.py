"""optuna.journal: what a search told Optuna, for optuna-dashboard and for Optuna itself.

Nobody reads it but people: it is written anew whenever a search goes on, so that it need not be on
the disk at once, and a torn line in it does no harm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend


class Journal(BaseJournalBackend):
    """The operations of a storage, kept here, and written to a file as they come.

    file: None: kept here only. It has its name once `place` was called.
    """

    def __init__(self, file: Path | None) -> None:
        self._logs: list[dict[str, Any]] = []
        self._path = file
        self._temporary = None if file is None else file.with_name(f".{file.name}.{os.getpid()}")
        self._opened = None if self._temporary is None else self._temporary.open("wb", buffering=0)

    def place(self) -> None:
        """Take the place of the file that an earlier start left."""
        if self._path is not None and self._temporary is not None:
            os.replace(self._temporary, self._path)

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """See Optuna."""
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """See Optuna."""
        rows = [json.dumps(log, separators=(",", ":")) for log in logs]
        self._logs += map(json.loads, rows)
        if self._opened is not None:
            self._opened.write("".join(f"{row}\n" for row in rows).encode())

    def close(self) -> None:
        """Write no more."""
        if self._opened is not None:
            self._opened.close()
