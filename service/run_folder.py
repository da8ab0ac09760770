"""The run folder is the truth: what was asked, what every trial left, what came out.

OUTPUT/<study>/<run>/  study.json  trials/<key>/{settings.json,metrics.jsonl,status.json,...}
                       results.json  results.csv  figures/  mlflow.json
"""

from __future__ import annotations

import csv
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from service.errors import UsageError
from service.trial_folder import TrialFolder, read_json, write_json

FORMAT = 1


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
