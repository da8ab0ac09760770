"""What a run prints while nobody may be listening any more: `python -m studies.NAME | head -1`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO


@contextmanager
def outlasting_its_reader() -> Iterator[None]:
    """Inside, printing costs a run nothing: once its reader is gone, what is printed goes nowhere.

    A run would otherwise end wherever it prints next, without its results, page and record.
    """
    stream = _Outlasting(sys.stdout)
    with redirect_stdout(stream):
        try:
            yield
        finally:
            stream.flush()  # what is written when Python ends is no longer looked after


class _Outlasting:
    """A stream to a pipe that may be closed at its other end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or let go of the pipe."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        """Flush, or let go of the pipe."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._let_go()

    def _let_go(self) -> None:
        """Put the null device in the pipe's place, for what is in buffers too."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
