"""trials/<key>/: a metrics line a commit, the checkpoint it belongs to, and how the trial ended."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from runs import atomic, checkpoint, contents
from runs.bundle import Readable
from runs.checkpoint import Mark
from runs.contents import BEFORE, CHECKPOINTS, Contents, digest
from runs.contents import BEST as BEST
from runs.contents import CHECKPOINT as CHECKPOINT
from runs.contents import ENDING as ENDING
from runs.contents import ERROR as ERROR
from runs.contents import METRICS as METRICS
from runs.contents import PROGRESS as PROGRESS
from runs.contents import SETTINGS as SETTINGS
from runs.contents import read_json as read_json
from runs.disk import said_of
from runs.errors import UsageError
from runs.record import Ended, TrialAsked, TrialRecord


class TrialFolder:
    """trials/<key>/: a metrics line a commit, the checkpoint it belongs to, and the ending.

    path: where it is read, on disk or in the bundle of a kept run.
    asked: what study.json says that the trial was asked for; else settings.json says it.
    """

    def __init__(self, path: Readable, asked: TrialAsked | None = None) -> None:
        self.path = path
        self._asked = asked

    @property
    def place(self) -> Path:
        """Where it is written. Raises UsageError if it lies in a bundle."""
        if not isinstance(self.path, Path):
            raise UsageError(f"{self.path} lies in a bundle, which is only read.")
        return self.path

    @property
    def asked(self) -> TrialAsked:
        """What the trial was asked for, with the settings that its search found."""
        if self._asked and not self._asked.among:
            return self._asked
        try:
            written = TrialAsked.model_validate(read_json(self.path / SETTINGS))
        except (OSError, ValueError):
            if self._asked is None:
                raise
            return self._asked  # its search goes on
        if self._asked is None:
            return written
        return self._asked.model_copy(update={"settings": written.settings})

    def contents(self, thorough: bool = False) -> Contents:
        """How the trial stands (`runs.contents`); who asks for two of these reads them once.

        thorough: whether checkpoints are read whole, as for going on.
        """
        return contents.contents(self.path, thorough)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All metrics lines that can be read, those too that a later start will cut off."""
        return contents.parsed(self.contents().written)

    @property
    def committed(self) -> list[dict[str, Any]]:
        """The metrics lines that no later start of the trial will cut off."""
        return self.contents().lines

    @property
    def ending(self) -> Ended | None:
        """How the trial ended; None before it did, and where what it ended with is damaged."""
        return self.contents().ending

    @property
    def progress(self) -> tuple[int, int] | None:
        """The last heartbeat: how much of an epoch was done, of how much; None without one."""
        try:
            value = read_json(self.path / PROGRESS)
            return int(value["done"]), int(value["total"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def append(self, line: Mapping[str, Any]) -> bytes:
        """Add one metrics line; returns it as it stands in its file."""
        row = f"{json.dumps(line, allow_nan=False)}\n".encode()
        with (self.place / METRICS).open("ab") as file:
            file.write(row)
        return row

    def commit(self, mark: Mark, state: Mapping[str, Any]) -> None:
        """Leave a checkpoint of the lines so far, on the disk when this returns.

        The one before it stays until the next, in case that this is damaged.
        """
        place = self.place
        temporary = place / f".{CHECKPOINT}"
        # So that there are never more than three: the best epoch's is the third.
        (place / BEFORE).unlink(missing_ok=True)
        try:
            checkpoint.save(temporary, mark, state)
            atomic.sync_file(place / METRICS)
            if (place / CHECKPOINT).exists():
                try:  # whoever reads finds a checkpoint at any time
                    os.link(place / CHECKPOINT, place / BEFORE)
                except OSError:  # a file system without hard links
                    os.replace(place / CHECKPOINT, place / BEFORE)
            os.replace(temporary, place / CHECKPOINT)
        finally:
            temporary.unlink(missing_ok=True)
        if mark.best == mark.lines:
            self.keep_as(CHECKPOINT, BEST)
        atomic.sync_folder(place)

    def keep_as(self, name: str, other: str) -> None:
        """Keep a checkpoint under another name too, in the place of what has it."""
        temporary = self.place / f".{other}"
        temporary.unlink(missing_ok=True)
        try:
            # A hard link costs nothing: the next commit renames a new file over the old name.
            try:
                os.link(self.place / name, temporary)
            except OSError:  # a file system without hard links
                shutil.copyfile(self.place / name, temporary)
                atomic.sync_file(temporary)
            os.replace(temporary, self.place / other)
        finally:
            temporary.unlink(missing_ok=True)

    def settle(self) -> Contents:
        """Make the folder what a start of the trial goes on from; returns how it stands then.

        Killed on the way, it is settled to the same by the next call.
        """
        place = self.place
        atomic.remove_temporaries(place)
        for name in CHECKPOINTS:
            (place / f".{name}").unlink(missing_ok=True)
        found = self.contents(thorough=True)
        (place / ENDING).unlink(missing_ok=True)
        if found.going_on is None:
            self.drop_checkpoints()
        else:
            if found.best not in (None, BEST):
                self.keep_as(str(found.best), BEST)
            if found.going_on != CHECKPOINT:
                self.keep_as(found.going_on, CHECKPOINT)
                (place / BEFORE).unlink(missing_ok=True)
        self.cut(len(found.rows))
        return found

    def cut(self, lines: int) -> None:
        """Forget metrics lines but for the first ones; takes no space on the disk."""
        file = self.place / METRICS
        kept = b"".join(contents.rows_of(self.place)[:lines])
        if file.exists() and file.stat().st_size != len(kept):
            os.truncate(file, len(kept))
            atomic.sync_file(file)

    def drop_checkpoints(self) -> None:
        """Remove what a trial goes on from."""
        for name in CHECKPOINTS:
            (self.place / name).unlink(missing_ok=True)
            (self.place / f".{name}").unlink(missing_ok=True)

    def end(
        self,
        status: Literal["finished", "failed", "pruned"],
        reason: str | None = None,
        diverged: bool = False,
    ) -> None:
        """Record how the trial ended; drop its checkpoints where nothing will go on from them.

        Raises DiskError if the disk does not take the record; then the trial has not ended.
        """
        rows = self.contents().written
        ended = Ended(
            status=status,
            reason=reason,
            diverged=diverged,
            epochs=max((line["epoch"] for line in contents.parsed(rows)), default=0),
            ended=time.time(),
        )
        with said_of(self.place):
            if ended.for_good:
                (self.place / BEFORE).unlink(missing_ok=True)  # a full disk has space again
                ended = ended.model_copy(update={"lines": len(rows), "digest": digest(rows)})
                for file in self.place.iterdir():  # the lines, and what the trainable left
                    if file.is_file():
                        atomic.sync_file(file)
            atomic.write_json(self.place / ENDING, ended.model_dump(), lasting=True)
            if ended.for_good:
                self.drop_checkpoints()

    def tidy(self) -> None:
        """Remove the checkpoints of a trial that was killed while it ended for good."""
        left = any((self.place / name).exists() for name in CHECKPOINTS)
        if left and (ended := self.ending) is not None and ended.for_good:
            self.drop_checkpoints()

    def recount(self) -> None:
        """Let status.json count the metrics lines as they are by now, for whoever rewrote them."""
        ended = Ended.model_validate(read_json(self.place / ENDING))
        if ended.lines is not None:
            rows = contents.rows_of(self.place)
            again = ended.model_copy(update={"lines": len(rows), "digest": digest(rows)})
            atomic.write_json(self.place / ENDING, again.model_dump())

    def record(self, found: Contents | None = None) -> TrialRecord:
        """The trial as it stands.

        found: how that is, where it has been read.
        """
        asked, found = self.asked, found or self.contents()
        ended = found.ending
        metrics: dict[str, float] = {}
        for line in found.lines:
            metrics |= {k: v for k, v in line.items() if "/" in k}
        return TrialRecord(
            key=asked.key,
            seed=asked.seed,
            sweeps=asked.sweeps,
            settings=asked.settings,
            status=ended.status if ended else "stopped",
            reason=ended.reason if ended else "; ".join(found.damage) or "interrupted",
            diverged=ended.diverged if ended else False,
            epochs=ended.epochs if ended else found.epochs,
            metrics=metrics,
            seconds=sum(line.get("time/seconds", 0.0) for line in found.lines),
            lines=found.lines,
            folder=self.path,
            role=asked.role,
            tuned=asked.tuned,
            among=asked.among,
        )
