"""Ends a process whose trial makes no progress, and leaves word of where it hung or crashed.

Nothing of it needs the interpreter: `faulthandler` waits in a thread of its own, which a loop in C
that never lets go of Python does not stop.
"""

from __future__ import annotations

import faulthandler
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

NAME = ".stacks.txt"  # in a trial's folder, while it runs
TIMES_SLOWEST = 20.0
AT_LEAST_SECONDS = 600.0
FRAME = re.compile(r'File "(.+)", line (\d+) in (\S+)')
LIBRARY = re.compile(r"site-packages|/lib/python3")
REARM_SECONDS = 1.0  # a heartbeat comes every batch


class Watchdog:
    """Watches one trial in this process.

    epochs: the seconds that those took which it has.
    limit: seconds without progress; None: for ever before the first epoch, then 20 times the
        slowest one's, at least 10 minutes.
    """

    def __init__(self, folder: Path, epochs: Sequence[float], limit: float | None) -> None:
        self._limit, self._slowest = limit, max(epochs, default=0.0)
        self._armed: float | None = None
        self._file: TextIO | None = None
        try:
            self._file = (folder / NAME).open("w")
            faulthandler.enable(self._file)
        except OSError:  # a full disk is no reason not to train
            self._file = None

    @property
    def seconds(self) -> float | None:
        """How long it waits for progress now, None for ever."""
        if self._limit is not None:
            return self._limit
        if not self._slowest:
            return None
        return max(AT_LEAST_SECONDS, TIMES_SLOWEST * self._slowest)

    def progress(self) -> None:
        """Begin to wait anew."""
        now, seconds = time.monotonic(), self.seconds
        if seconds is None or (self._armed is not None and now - self._armed < REARM_SECONDS):
            return
        self._armed = now
        if self._file is None:
            faulthandler.dump_traceback_later(seconds, exit=True)
        else:
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._file)

    def rest(self, epoch: float | None = None) -> None:
        """Nothing is to be waited for.

        epoch: seconds that the epoch took which has ended.
        """
        faulthandler.cancel_dump_traceback_later()
        self._armed = None
        self._slowest = max(self._slowest, epoch or 0.0)

    def stop(self) -> None:
        """Watch no more; the trial has left no word."""
        self.rest()
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)


@dataclass(frozen=True)
class LastWord:
    """What a process left that hung or crashed.

    what: "hung", or what the crash is called ("segmentation fault").
    seconds: without progress, of one that hung.
    where: function, file and line of the trial's own code, "" where that is not known.
    text: all stacks.
    """

    what: str
    seconds: float
    where: str
    text: str


def last_word(folder: Path) -> LastWord | None:
    """Of the process that ran a trial last; None where it left none. The file is taken away."""
    file = folder / NAME
    try:
        text = file.read_text(errors="replace")
        file.unlink()
    except OSError:
        return None
    first, _, stacks = text.partition("\n")
    if timeout := re.match(r"Timeout \((?:(\d+) days?, )?(\d+):(\d+):([\d.]+)\)!", first):
        days, hours, minutes, seconds = (float(part or 0) for part in timeout.groups())
        waited = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return LastWord("hung", waited, _where(stacks), text)
    if fatal := re.match(r"Fatal Python error: (.+)", first):
        return LastWord(fatal[1].lower(), 0.0, _where(stacks), text)
    return None


def _where(stacks: str) -> str:
    """The innermost frame of the trial's own code: that is below `run_trial`, and in no library."""
    for thread in stacks.split("\n\n"):
        frames = FRAME.findall(thread)
        names = [name for _, _, name in frames]
        if "run_trial" not in names:
            continue
        for place, line, name in frames[: names.index("_epochs")]:
            if not LIBRARY.search(place):
                file = "" if place.startswith("<") else f" of {Path(place).name}"
                return f"{name}, line {line}{file}"
    return ""
