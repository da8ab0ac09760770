"""What asks a run to stop: Ctrl-C, a batch system's signal, the clock, another terminal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runs.lease import Lease

INTERRUPTED = 130  # the exit status of a run that was stopped
STOP_FILE = ".stop"  # in a run folder: `service.status --stop` leaves it
ENDING: tuple[int, ...] = (signal.SIGTERM, signal.SIGHUP)  # who sends these soon ends all


class Interruption:
    """Asks the trials of a run to stop; inside, signals do not raise.

    The first Ctrl-C lets epochs end and be saved, the second ends at once, as a signal of a batch
    system does, which leaves little time.

    lease: of the driver; a run that another has taken over is ended at once.
    until: by time.monotonic, when no further epoch is to begin, None: never.
    """

    def __init__(self, run: Path, lease: Lease, until: float | None = None) -> None:
        self._file, self._lease, self._until = run / STOP_FILE, lease, until
        self._before: dict[int, Any] = {}
        self._said = False
        self.gently = self.now = False

    def __enter__(self) -> Interruption:
        self._file.unlink(missing_ok=True)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDING):
                # What is ignored stays so: nohup, and a shell's background.
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._file.unlink(missing_ok=True)

    def _came(self, number: int, _frame: Any) -> None:
        # Nothing is printed here: the signal may have come while something was.
        self.now = number in ENDING or self.gently
        self.gently = True

    def look(self) -> None:
        """See whether the time is up, or another terminal has asked; say so once."""
        why = "Interrupted"
        if self._lease.lost.is_set() and not self.now:
            print("Another process has taken over the run; this one ends.", flush=True)
            self.end()
        elif not self.gently:
            if self._until is not None and time.monotonic() >= self._until:
                why = "The time is up"
            elif self._file.exists():
                why = "Asked to stop"
            else:
                return
        self.gently = True
        if not self._said and not self.now:
            print(
                f"{why}: the epochs that run are finished and saved first; Ctrl-C ends them now.",
                flush=True,
            )
        if not self._said:
            self._lease.close()
        self._said = True

    def end(self) -> None:
        """Ask for the end at once."""
        self.gently = self.now = True


@contextmanager
def raising() -> Iterator[None]:
    """Inside, Ctrl-C and the signals of batch systems raise KeyboardInterrupt."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *ENDING):
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
