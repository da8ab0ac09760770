"""trials/<key>/: a metrics line a commit, the checkpoint it belongs to, and how the trial ended."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from runs import atomic
from runs.bundle import Readable, text
from runs.errors import UsageError
from runs.record import Ended, TrialAsked, TrialRecord


def read_json(path: Readable) -> Any:
    """The value in a JSON file."""
    return json.loads(text(path))


# The files of a trial; beside them lie its artifacts (`runs.artifacts`).
SETTINGS = "settings.json"
METRICS = "metrics.jsonl"
ENDING = "status.json"
PROGRESS = "progress.json"
ERROR = "error.txt"
CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
LINES = "lines"  # what a checkpoint's archive has beside torch's own parts


def save_checkpoint(path: Path, lines: int, state: Mapping[str, Any]) -> None:
    """Write a checkpoint and the number of metrics lines that it belongs to into one file."""
    import torch

    torch.save({"lines": lines, "state": dict(state)}, path)
    with zipfile.ZipFile(path, "a") as archive:  # for those who only count, without torch
        folder = archive.namelist()[0].partition("/")[0]  # torch wants all parts in one
        archive.writestr(f"{folder}/{LINES}", str(lines))


def load_checkpoint(path: Readable) -> dict[str, Any] | None:
    """{"lines", "state"} of a checkpoint, None without one."""
    import torch

    try:
        with path.open("rb") as file:
            value: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return None
    return value


def lines_of_checkpoint(path: Readable) -> int | None:
    """To how many metrics lines a checkpoint belongs, None without one."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.partition("/")[2] == LINES:
                    return int(archive.read(name))
    except FileNotFoundError:
        return None
    saved = load_checkpoint(path)  # of an older run
    return saved["lines"] if saved else None


class TrialFolder:
    """trials/<key>/: a metrics line a commit, the checkpoint it belongs to, and the ending.

    path: where it is read, on disk or in the bundle of a kept run.
    """

    def __init__(self, path: Readable) -> None:
        self.path = path

    @property
    def place(self) -> Path:
        """Where it is written. Raises UsageError if it lies in a bundle."""
        if not isinstance(self.path, Path):
            raise UsageError(f"{self.path} lies in a bundle, which is only read.")
        return self.path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All complete metrics lines; one that a killed process left half-written is not."""
        file = self.path / METRICS
        if not file.is_file():
            return []
        rows = text(file).split("\n")[:-1]  # what follows the last newline is half a line
        return [json.loads(row) for row in rows]

    @property
    def ending(self) -> Ended | None:
        """How the trial ended, None before it did."""
        file = self.path / ENDING
        return Ended.model_validate(read_json(file)) if file.is_file() else None

    @property
    def asked(self) -> TrialAsked:
        """What the trial was asked for."""
        return TrialAsked.model_validate(read_json(self.path / SETTINGS))

    def append(self, line: dict[str, Any]) -> None:
        """Add one metrics line."""
        with (self.place / METRICS).open("a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def cut(self, lines: int) -> None:
        """Forget metrics lines that no checkpoint belongs to."""
        kept = "".join(json.dumps(line) + "\n" for line in self.lines[:lines])
        atomic.write(self.place / METRICS, kept.encode())

    @property
    def committed(self) -> list[dict[str, Any]]:
        """The metrics lines that no later start of the trial will cut off."""
        lines = self.lines
        saved = lines_of_checkpoint(self.path / CHECKPOINT) if lines else None
        if saved is not None:
            return lines[:saved]
        ending = self.ending  # one that ended for good has no checkpoint any more
        for_good = ending is not None and (ending.status == "finished" or ending.diverged)
        return self.lines if for_good else []

    def end(
        self,
        status: Literal["finished", "failed"],
        reason: str | None = None,
        diverged: bool = False,
    ) -> None:
        """Record how the trial ended; drop its checkpoints where nothing will go on from them."""
        epochs = max((line["epoch"] for line in self.lines), default=0)
        ended = Ended(
            status=status, reason=reason, diverged=diverged, epochs=epochs, ended=time.time()
        )
        atomic.write_json(self.place / ENDING, ended.model_dump())
        if status == "finished" or diverged:
            for name in (CHECKPOINT, BEST):
                (self.place / name).unlink(missing_ok=True)

    def record(self) -> TrialRecord:
        """The trial as it stands."""
        asked, ended, lines = self.asked, self.ending, self.committed
        metrics: dict[str, float] = {}
        for line in lines:
            metrics |= {k: v for k, v in line.items() if "/" in k}
        return TrialRecord(
            key=asked.key,
            seed=asked.seed,
            sweeps=asked.sweeps,
            settings=asked.settings,
            status=ended.status if ended else "stopped",
            reason=ended.reason if ended else "interrupted",
            diverged=ended.diverged if ended else False,
            epochs=ended.epochs if ended else max((line["epoch"] for line in lines), default=0),
            metrics=metrics,
            seconds=sum(line.get("time/seconds", 0.0) for line in lines),
            lines=lines,
            folder=self.path,
        )
