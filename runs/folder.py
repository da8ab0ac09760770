"""The run folder is the truth: what was asked, what every trial left, what came out.

OUTPUT/<study>/<run>/  study.json  trials/<key>/{settings.json,metrics.jsonl,status.json,...}
                       results.json  results.csv  answer.json  report.html  figures/  mlflow.json
"""

from __future__ import annotations

import csv
import os
import secrets
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from runs.errors import UsageError
from runs.record import FORMAT, Run, StudyRecord, Tracked, TrialRecord
from runs.trial_folder import TrialFolder, read_json, write_json

# What results.json says of a trial.
ENTRY = (
    "key", "sweeps", "settings", "seed", "status", "reason", "diverged", "epochs", "metrics",
    "seconds",
)  # fmt: skip


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
        """The run with a path or STUDY/RUN as its name; UsageError if there is none.

        "" or "latest" is the last of the study, STUDY/latest of any.
        """
        if name == "latest" or name.endswith("/latest"):
            name, study = "", name.rpartition("/")[0] or study
        if name:
            for path in (Path(name), output / name, output / (study or "") / name):
                if (path / "study.json").is_file():
                    return cls(path.resolve())
            raise UsageError(f"There is no run {name!r}, neither as a path nor below {output}.")
        runs = sorted(path.parent for path in (output / (study or "")).glob("*/study.json"))
        if not runs:
            raise UsageError(f"There is no run of {study} below {output}.")
        return cls(runs[-1].resolve())

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    @property
    def study(self) -> StudyRecord:
        """What study.json holds; UsageError if another version of the format wrote it."""
        value = read_json(self.path / "study.json")
        if value.get("format") != FORMAT:
            raise UsageError(
                f"{self.path} has format {value.get('format')}; this version reads {FORMAT}."
            )
        return StudyRecord.model_validate(value)

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
        return [self.trial(trial.key) for trial in self.study.trials]

    def outcome(
        self, wanted: Collection[str] | None = None
    ) -> Literal["finished", "failed", "stopped"]:
        """How the run stands: stopped while a trial lacks, else failed or finished.

        A trial that diverged where its study expects it does not make the run fail.
        wanted: the keys of those that may not lack, None for all.
        """
        found: Literal["finished", "failed"] = "finished"
        for asked in self.study.trials:
            status = self.trial(asked.key).status
            if status is None:
                if wanted is None or asked.key in wanted:
                    return "stopped"
            elif status.status == "failed" and not (status.diverged and asked.may_diverge):
                found = "failed"
        return found

    def write_results(self) -> dict[str, Any]:
        """Gather results.json and results.csv from the trials; returns the former."""
        study = self.study
        started = [t.record() for t in self.trials() if t.lines or t.status]
        results: dict[str, Any] = {
            "study": study.study,
            "run": study.run,
            "dataset": dict(study.dataset),
            "trials": [{name: getattr(trial, name) for name in ENTRY} for trial in started],
        }
        write_json(self.path / "results.json", results)
        _write_csv(self.path / "results.csv", results["trials"])
        return results

    @property
    def gathered(self) -> bool:
        """Whether results.json has every trial as it ended."""
        if not (self.path / "results.json").exists():
            return False
        told = {t["key"]: t["status"] for t in read_json(self.path / "results.json")["trials"]}
        ended = {t.path.name: status for t in self.trials() if (status := t.status)}
        return all(told.get(key) == status.status for key, status in ended.items())

    def read(self) -> Run:
        """All that the folder says, gathered first where results.json lacks what has ended.

        Lines are those of metrics.jsonl, the numbers of a trial those of results.json.
        """
        if not self.gathered:
            self.write_results()
        entries = read_json(self.path / "results.json")["trials"]
        trials = [_trial(self.trial(entry["key"]), entry) for entry in entries]
        return Run(self.path, self.study, trials, self.tracked)

    @property
    def tracked(self) -> Tracked | None:
        """Where MLflow has the run; None where it has nothing of it."""
        file = self.path / "mlflow.json"
        return Tracked.model_validate(read_json(file)) if file.exists() else None


def read(path: Path) -> Run:
    """The run in a folder."""
    return RunFolder(path).read()


def _trial(folder: TrialFolder, entry: Mapping[str, Any]) -> TrialRecord:
    """The trial of an entry of results.json."""
    given = dict(entry)
    if "diverged" not in given:  # of an older run
        ended = folder.status
        given["diverged"] = ended is not None and ended.diverged
    return TrialRecord(
        **{name: given[name] for name in ENTRY}, lines=folder.lines, folder=folder.path
    )


def _write_csv(path: Path, trials: Iterable[dict[str, Any]]) -> None:
    about = ("key", "seed", "status", "reason", "diverged", "epochs", "seconds")
    rows = [
        {k: t[k] for k in about} | {"sweeps": " ".join(t["sweeps"])} | t["settings"] | t["metrics"]
        for t in trials
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(temporary, path)
