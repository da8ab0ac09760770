"""The run folder is the truth: what was asked, what every trial left, what came out.

OUTPUT/<study>/<run>/  study.json  trials/<key>/{settings.json,metrics.jsonl,status.json,...}
                       results.json  results.csv  figures/  mlflow.json
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from service.errors import UsageError

FORMAT = 1


def write_json(path: Path, value: Any) -> None:
    """Write beside, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    os.replace(temporary, path)


def read_json(path: Path) -> Any:
    """The value in a JSON file."""
    return json.loads(path.read_text())


def load_checkpoint(path: Path, lazy: bool = False) -> dict[str, Any] | None:
    """{"lines", "state"} of a checkpoint, None without one; lazy: tensors are read when used."""
    import torch

    try:
        value: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=lazy)
    except FileNotFoundError:
        return None
    return value


class TrialFolder:
    """trials/<key>/: a metrics line a commit, the checkpoint it belongs to, and the ending."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All complete metrics lines; one that a killed process left half-written is not."""
        file = self.path / "metrics.jsonl"
        if not file.exists():
            return []
        rows = file.read_text().split("\n")[:-1]  # what follows the last newline is half a line
        return [json.loads(row) for row in rows]

    @property
    def status(self) -> dict[str, Any] | None:
        """How the trial ended ({"status", "reason", "diverged", "epochs", "ended"}), or None."""
        file = self.path / "status.json"
        return read_json(file) if file.exists() else None

    @property
    def settings(self) -> dict[str, Any]:
        """What settings.json holds: key, name, sweeps, settings, varied, seed."""
        value: dict[str, Any] = read_json(self.path / "settings.json")
        return value

    def append(self, line: dict[str, Any]) -> None:
        """Add one metrics line."""
        with (self.path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def cut(self, lines: int) -> None:
        """Forget metrics lines that no checkpoint belongs to."""
        kept = "".join(json.dumps(line) + "\n" for line in self.lines[:lines])
        temporary = self.path / ".metrics.jsonl"
        temporary.write_text(kept)
        os.replace(temporary, self.path / "metrics.jsonl")

    @property
    def committed(self) -> list[dict[str, Any]]:
        """The metrics lines that no later start of the trial will cut off."""
        lines = self.lines
        saved = load_checkpoint(self.path / "checkpoint.pt", lazy=True) if lines else None
        if saved is not None:
            return lines[: saved["lines"]]
        status = self.status or {}  # one that ended for good has no checkpoint any more
        for_good = status.get("status") == "finished" or status.get("diverged")
        return self.lines if for_good else []

    def end(self, status: str, reason: str | None = None, diverged: bool = False) -> None:
        """Record how the trial ended; drop its checkpoints where nothing will go on from them."""
        epochs = max((line["epoch"] for line in self.lines), default=0)
        ended = {"status": status, "reason": reason, "diverged": diverged}
        write_json(self.path / "status.json", {**ended, "epochs": epochs, "ended": time.time()})
        if status == "finished" or diverged:
            for name in ("checkpoint.pt", "best.pt"):
                (self.path / name).unlink(missing_ok=True)

    def result(self) -> dict[str, Any]:
        """The trial's entry in results.json."""
        asked, ended, lines = self.settings, self.status, self.committed
        metrics: dict[str, float] = {}
        for line in lines:
            metrics |= {k: v for k, v in line.items() if "/" in k}
        if ended is None:
            epochs = max((line["epoch"] for line in lines), default=0)
            ended = {"status": "stopped", "reason": "interrupted", "epochs": epochs}
        return {
            **{k: asked[k] for k in ("key", "name", "variant", "sweeps", "settings", "seed")},
            **{k: ended[k] for k in ("status", "reason", "epochs")},
            "metrics": metrics,
            "seconds": sum(line.get("time/seconds", 0.0) for line in lines),
        }


class RunFolder:
    """One run of a study."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, output: Path, study: str) -> RunFolder:
        """A new, empty run folder; UsageError if it cannot be written.

        Its name is the time, and a few random digits: MLflow knows runs by name, and two that start
        in the same second may share a store.
        """
        path = output / study / f"{time.strftime('%Y-%m-%d_%H%M%S')}_{secrets.token_hex(3)}"
        try:
            (path / "trials").mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
        return cls(path)

    @classmethod
    def find(cls, name: str, output: Path, study: str | None) -> RunFolder:
        """The run with a path or STUDY/RUN as its name, or "" for the last; UsageError if none."""
        if name:
            for path in (Path(name), output / name, output / (study or "") / name):
                if (path / "study.json").is_file():
                    return cls(path.resolve())
            raise UsageError(f"There is no run {name!r}, neither as a path nor below {output}.")
        runs = sorted(path.parent for path in (output / (study or "")).glob("*/study.json"))
        if not runs:
            raise UsageError(f"There is no run of {study} below {output} to go on with.")
        return cls(runs[-1].resolve())

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    @property
    def study(self) -> dict[str, Any]:
        """What study.json holds; UsageError if another version of the format wrote it."""
        value: dict[str, Any] = read_json(self.path / "study.json")
        if value.get("format") != FORMAT:
            raise UsageError(
                f"{self.path} has format {value.get('format')}; this version reads {FORMAT}."
            )
        return value

    def lock(self) -> FileLock:
        """The driver's lock, held; UsageError while another driver is alive."""
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except OSError as error:
            if not isinstance(error, Timeout):
                raise UsageError(f"{self.path} cannot be written: {error.strerror}.") from None
            raise UsageError(f"{self.path} is being run by another process.") from None
        return lock

    def trial(self, key: str) -> TrialFolder:
        """The folder of one trial."""
        return TrialFolder(self.path / "trials" / key)

    def trials(self) -> list[TrialFolder]:
        """The folders of all trials, in the order in which they were listed."""
        keys = [trial["key"] for trial in self.study["trials"]]
        return [self.trial(key) for key in keys]

    def outcome(self) -> str:
        """How the run stands: stopped while a trial lacks, else failed or finished.

        A trial that diverged where its study expects it does not make the run fail.
        """
        found = "finished"
        for trial in self.trials():
            status = trial.status
            if status is None:
                return "stopped"
            expected = status["diverged"] and trial.settings["may_diverge"]
            if status["status"] == "failed" and not expected:
                found = "failed"
        return found

    def write_results(self) -> dict[str, Any]:
        """Gather results.json and results.csv from the trials; returns the former."""
        study = self.study
        started = (t for t in self.trials() if t.lines or t.status)
        results = {
            "study": study["study"],
            "run": study["run"],
            "dataset": study["inputs"].get("dataset", {}),
            "trials": [trial.result() for trial in started],
        }
        write_json(self.path / "results.json", results)
        _write_csv(self.path / "results.csv", results["trials"])
        return results


def _write_csv(path: Path, trials: Iterable[dict[str, Any]]) -> None:
    rows = [
        {k: t[k] for k in ("key", "seed", "status", "reason", "epochs", "seconds")}
        | {"sweeps": " ".join(t["sweeps"])}
        | t["settings"]
        | t["metrics"]
        for t in trials
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(temporary, path)
