"""What the files of a trial hold, as far as they agree with each other.

A trial may be killed between any two writes, and a file may be damaged afterwards. So nobody reads
one of them on its own: how many metrics lines count is decided here, once.

- A trial that ended for good, finished or diverged, has the lines that status.json counts.
- Any other has those that its latest checkpoint counts, of which all parts are there: the lines
  themselves, and the state of the best of them. Where one does not, the checkpoint before counts.
- Where a file is damaged so that less counts than was written, a sentence says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from runs import checkpoint
from runs.bundle import Readable, content
from runs.checkpoint import Damaged, Mark
from runs.record import Ended

# The files of a trial; beside them lie its artifacts (`runs.artifacts`).
SETTINGS = "settings.json"
METRICS = "metrics.jsonl"
ENDING = "status.json"
PROGRESS = "progress.json"
ERROR = "error.txt"
CHECKPOINT = "checkpoint.pt"
BEFORE = "before.pt"  # the checkpoint before the last
BEST = "best.pt"
CHECKPOINTS = (CHECKPOINT, BEFORE, BEST)


@dataclass(frozen=True)
class Contents:
    """How a trial stands.

    rows: the metrics lines that count, as bytes: no later start of the trial cuts them off.
    written: all that can be read, those too that the trial will write anew.
    ending: how it ended; None before it did, and where what it ended with is no longer there.
    going_on: the file whose state belongs to these lines; None where it starts from its beginning.
    best: the file with the state of the best of them; None where none is known.
    damage: why less counts than was written, a clause each: "checkpoint.pt is damaged".
    """

    rows: Sequence[bytes]
    written: Sequence[bytes]
    ending: Ended | None
    going_on: str | None = None
    best: str | None = None
    damage: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The metrics lines that count."""
        return parsed(self.rows)

    @property
    def begun(self) -> bool:
        """Whether the trial has left anything."""
        return bool(self.written or self.ending or self.damage)

    @property
    def epochs(self) -> int:
        """The last epoch with a line that counts."""
        return max((line["epoch"] for line in self.lines), default=0)

    @property
    def going_on_from(self) -> str:
        """Where the next start begins, for people: "it goes on from epoch 2"."""
        return f"it goes on from epoch {self.epochs}" if self.going_on else "it starts over"


def parsed(rows: Sequence[bytes]) -> list[dict[str, Any]]:
    """Metrics lines that can be read."""
    return [json.loads(row) for row in rows]


def digest(rows: Sequence[bytes]) -> str:
    """Of metrics lines as they stand in their file."""
    return sha256(b"".join(rows)).hexdigest()


def contents(folder: Readable, thorough: bool = False) -> Contents:
    """How the trial in a folder stands, which another process may be writing.

    thorough: whether checkpoints are read whole, as for going on; else only what they count is.
    """
    # A trial that ends meanwhile drops its checkpoints: what was read before and after is one only
    # if it had not ended before or had afterwards.
    ended = _ended(folder)
    while True:
        found = _contents(folder, *ended, thorough)
        again = _ended(folder)
        if again == ended:
            return found
        ended = again


def _ended(folder: Readable) -> tuple[Ended | None, bool]:
    """What status.json holds, and whether it is damaged."""
    file = folder / ENDING
    try:
        return (Ended.model_validate(read_json(file)) if file.is_file() else None), False
    except FileNotFoundError:  # gone since
        return None, False
    except (ValidationError, UnicodeDecodeError, json.JSONDecodeError):
        return None, True


def read_json(path: Readable) -> Any:
    """The value in a JSON file. Raises ValueError if it is none."""
    return json.loads(content(path).decode())


def _contents(folder: Readable, ended: Ended | None, damaged: bool, thorough: bool) -> Contents:
    problems = [f"{ENDING} is damaged"] if damaged else []
    if ended is not None and ended.for_good:
        rows = rows_of(folder)
        own = rows if ended.lines is None else rows[: ended.lines]
        if _as_written(own, ended.lines, ended.digest):
            return Contents(own, own, ended)
        problems.append(_differs(rows, ended.lines, "the trial ended with"))
        ended = None
    # Checkpoints before lines: a line is written before the checkpoint that counts it.
    marks, unread = _marks(folder, thorough)
    rows = rows_of(folder)
    readable = rows[: _readable(rows)]
    usable, useless = dict[str, Mark](), list[str]()
    if unread:
        useless.append(f"{' and '.join(unread)} {'is' if len(unread) == 1 else 'are'} damaged")
    for name, mark in marks.items():
        if _as_written(rows[: mark.lines], mark.lines, mark.digest):
            usable[name] = mark
        elif not problems and len(useless) == bool(unread):  # of the latest, that says it of all
            useless.append(_differs(rows, mark.lines, f"{name} belongs to"))
    for name in sorted(usable, key=lambda name: -usable[name].lines):
        mark = usable[name]
        best = _with_the_best(name, usable)
        if mark.best and best is None:
            useless.append(
                f"no file has the state of epoch {_epoch(rows[mark.best - 1])}, the best"
            )
            continue
        fallen = () if name == CHECKPOINT else useless
        damage = (*problems, *fallen)
        return Contents(rows[: mark.lines], readable, ended, name, best, damage)
    return Contents((), readable, ended, damage=(*problems, *useless))


def _marks(folder: Readable, thorough: bool) -> tuple[dict[str, Mark], list[str]]:
    """What each checkpoint that there is belongs to, and those that are damaged."""
    marks, unread = dict[str, Mark](), list[str]()
    for name in CHECKPOINTS:
        try:
            mark = checkpoint.mark_of(folder / name)
            if mark is not None and thorough:
                checkpoint.load(folder / name)
        except Damaged:
            unread.append(name)
            continue
        if mark is not None:
            marks[name] = mark
    return marks, unread


def _with_the_best(name: str, usable: Mapping[str, Mark]) -> str | None:
    """Which checkpoint has the best state that one needs beside it."""
    wanted = usable[name].best
    if wanted is None:  # an older run did not say
        return BEST if BEST in usable else None
    return next(
        (one for one in (BEST, name, *usable) if one in usable and usable[one].lines == wanted),
        None,
    )


def rows_of(folder: Readable) -> list[bytes]:
    """All complete metrics lines; one that a killed process left half-written is none."""
    file = folder / METRICS
    if not file.is_file():
        return []
    return [row + b"\n" for row in content(file).split(b"\n")[:-1]]


def _readable(rows: Sequence[bytes]) -> int:
    """How many of the first metrics lines are such."""
    return next((n for n, row in enumerate(rows) if _epoch(row) is None), len(rows))


def _epoch(row: bytes) -> int | None:
    """Of a metrics line; None if it is no such line."""
    try:
        line = json.loads(row.decode())
        return int(line["epoch"])
    except (ValueError, TypeError, KeyError):
        return None


def _as_written(rows: Sequence[bytes], count: int | None, mark: str | None) -> bool:
    """Whether metrics lines are those that were written: so many, with this digest."""
    if count is not None and len(rows) < count:
        return False
    return _readable(rows) == len(rows) if mark is None else digest(rows) == mark


def _differs(rows: Sequence[bytes], count: int | None, whose: str) -> str:
    """Why metrics lines do not count, a clause."""
    if count is not None and len(rows) < count:
        return f"{METRICS} has {len(rows)} lines instead of the {count} that {whose}"
    return f"{METRICS} is damaged"
