"""The run folder is the truth: what was asked, what every trial left, what came out.

OUTPUT/<study>/<run>/  study.json  trials/<key>/{settings.json,metrics.jsonl,status.json,...}
                                   (of a kept run all of these in trials.zip)
                       trials.jsonl (what a search has added to study.json since it was written)
                       results.json  results.csv  answer.json  report.html  figures/  mlflow.json
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from runs import added, bundle, results, searched
from runs.atomic import remove_temporaries, write_csv, write_json
from runs.bundle import Readable
from runs.errors import UsageError, sentence
from runs.record import (
    FORMAT,
    Status,
    StudyRecord,
    Suggestion,
    Tracked,
    TrialAsked,
    TrialRecord,
)
from runs.run import Run
from runs.trial_folder import METRICS, TrialFolder, read_json
from runs.variants import trial_names

# The files of a run; beside them lie answer.json, report.html, figures/ and trials/.
STUDY_FILE = "study.json"
ADDED_FILE = "trials.jsonl"
RESULTS_FILE = "results.json"
TABLE_FILE = "results.csv"
JOURNAL_FILE = "optuna.journal"  # of a search, for optuna-dashboard
TRACKED_FILE = "mlflow.json"
TROUBLE_FILE = "mlflow.trouble"  # a sentence about the server, while it takes nothing


class RunFolder:
    """One run of a study."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, output: Path, study: str) -> RunFolder:
        """A new, empty run folder.

        Its name is the time, and a few random digits: MLflow knows runs by name, and two that start
        in the same second may share a store.

        output: where it lies, below a folder of the study.
        study: the name of that.

        Raises UsageError if it cannot be written.
        """
        path = output / study / f"{time.strftime('%Y-%m-%d_%H%M%S')}_{secrets.token_hex(3)}"
        try:
            (path / "trials").mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
        return cls(path)

    @classmethod
    def find(cls, name: str, output: Path, study: str | None) -> RunFolder:
        """A run by its name.

        name: a path, or STUDY/RUN; "" or "latest" is the last of the study, STUDY/latest of any.
        output: where runs lie.
        study: whose run it is, None where the name says so.

        Raises UsageError if there is none, and if the last has no study.json: it was killed while
        it was prepared, and whoever asks for the last run does not mean an older one.
        """
        if name == "latest" or name.endswith("/latest"):
            name, study = "", name.rpartition("/")[0] or study
        if name:
            for path in (Path(name), output / name, output / (study or "") / name):
                if _is_run(path):
                    return cls._prepared([path])
            raise UsageError(f"There is no run {name!r}, neither as a path nor below {output}.")
        runs = sorted(path for path in (output / (study or "")).glob("[!.]*") if _is_run(path))
        if not runs:
            raise UsageError(f"There is no run of {study} below {output}.")
        return cls._prepared(runs)

    @classmethod
    def _prepared(cls, runs: Sequence[Path]) -> RunFolder:
        """The last of these. Raises UsageError if it has no study.json."""
        last = cls(runs[-1].resolve())
        if not (last.path / STUDY_FILE).is_file():
            last.lock().release()  # else it is being prepared now, which is said
            raise UsageError(_unprepared(runs))
        return last

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    @property
    def study(self) -> StudyRecord:
        """What study.json holds, with what a search has added since.

        Raises UsageError if it is damaged, or of another version of the format.
        """
        lines = added.read(self.path / ADDED_FILE)  # first: they may be on their way into the other
        file = self.path / STUDY_FILE
        value = json_or_none(file)
        if not isinstance(value, dict):
            raise UsageError(
                f"{file} is {'missing' if not file.exists() else 'damaged'}: it says what the run "
                "consists of, so that nothing can be done with the run; start a new one."
            )
        if value.get("format") != FORMAT:
            raise UsageError(
                f"{self.path} has format {value.get('format')}; this version reads {FORMAT}."
            )
        try:
            record = StudyRecord.model_validate(value)
        except ValidationError as error:
            what = sentence(error, StudyRecord.model_fields)
            raise UsageError(f"{file} is damaged: {what}") from None
        return added.merged(record, lines)

    def add(self, trial: TrialAsked, suggestion: Suggestion | None = None) -> None:
        """List one more trial, on the disk when this returns; one that is listed as it is now.

        suggestion: that it answers, None for one that no search suggested.
        """
        added.append(self.path / ADDED_FILE, trial, suggestion)

    def fold(self) -> None:
        """Write into study.json what was added to it."""
        if (self.path / ADDED_FILE).exists():
            self.write_study(self.study)

    def write_study(self, record: StudyRecord) -> None:
        """Write study.json; nothing is added to it yet."""
        content = record.model_dump(mode="json", exclude={"trials"})
        content["trials"] = [trial.model_dump(mode="json") for trial in record.trials]
        write_json(self.path / STUDY_FILE, content, lasting=True)
        (self.path / ADDED_FILE).unlink(missing_ok=True)

    def lock(self) -> FileLock:
        """The driver's lock, held. Raises UsageError if another driver is alive."""
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except OSError as error:
            if not isinstance(error, Timeout):
                raise UsageError(f"{self.path} cannot be written: {error.strerror}.") from None
            raise UsageError(f"{self.path} is being run by another process.") from None
        remove_temporaries(self.path)
        return lock

    @property
    def _bundle(self) -> Path:
        return self.path / bundle.NAME

    @property
    def bundled(self) -> bool:
        """Whether its trials lie in one file, which is only read."""
        return self._bundle.is_file() and not self._trials.is_dir()

    @property
    def _trials(self) -> Path:
        return self.path / "trials"

    def pack(self) -> None:
        """Put the trials into one file, trials.zip, and drop their folders."""
        bundle.pack(self._trials, self._bundle)
        shutil.rmtree(self._trials)

    def unpack(self) -> None:
        """Put the trials into folders again, for whoever goes on with the run.

        Raises UsageError if their file is damaged.
        """
        if self.bundled:
            bundle.unpack(self._bundle, self._trials)

    def trial(self, key: str) -> TrialFolder:
        """The folder of one trial. Raises UsageError if it lies in a bundle that is damaged."""
        trials: Readable = bundle.open_bundle(self._bundle) if self.bundled else self._trials
        return TrialFolder(trials / key)

    def trials(self) -> list[TrialFolder]:
        """The folders of all trials, in the order in which they were listed."""
        return [TrialFolder(self.trial(asked.key).path, asked) for asked in self.study.trials]

    @property
    def damage(self) -> list[str]:
        """What of its trials is damaged so that less counts than was written, a sentence each."""
        called, said = trial_names(self.study), []
        for trial in self.trials():
            found = trial.contents()
            if found.damage:
                name, what = called[trial.asked.key], "; ".join(found.damage)
                said.append(f"{name}: {what}; when the run is resumed, {found.going_on_from}.")
        return said

    def status(self, wanted: Collection[str] | None = None) -> Status:
        """How the run stands: stopped while a trial lacks, else failed or finished.

        A trial that diverged where its study expects it does not make the run fail; a search that
        found nothing has failed.

        wanted: the keys of those that may not lack, None for all.
        """
        study = self.study
        if study.asked.search and wanted is None and self.searching(study):
            return "stopped"
        status: Status = "finished"
        if study.asked.search and not study.compared:  # no settings finished that it tried
            status = "failed"
        for asked in study.trials:
            ended = self.trial(asked.key).ending
            if ended is None:
                if wanted is None or asked.key in wanted:
                    return "stopped"
            elif ended.status == "failed" and not (ended.diverged and asked.may_diverge):
                status = "failed"
        return status

    def searching(self, record: StudyRecord) -> bool:
        """Whether a search is yet to list trials: settings to try, or the best of these.

        record: what the run consists of.
        """
        tried = [trial for trial in record.trials if trial.role == "search"]
        if len(tried) < (record.asked.trials or 0):
            return True
        seeds = record.asked.seeds if all(one.draws for one in record.compared) else 1
        if record.compared:
            return len(record.compared) < seeds
        ends = [self.trial(trial.key).ending for trial in tried]
        return any(end is None or end.status == "finished" for end in ends)

    def write_results(self) -> dict[str, Any]:
        """Gather results.json and results.csv from the trials; returns the former."""
        return self._write_results(self._records())

    def _write_results(self, records: Iterable[TrialRecord]) -> dict[str, Any]:
        study = self.study
        content: dict[str, Any] = {
            "study": study.study,
            "run": study.run,
            "dataset": dict(study.dataset),
            "trials": [results.entry(trial) for trial in records],
        }
        write_json(self.path / RESULTS_FILE, content)
        write_csv(self.path / TABLE_FILE, results.table(content["trials"]))
        return content

    def _records(self) -> list[TrialRecord]:
        """Every trial that has begun, as it stands."""
        found = [(trial, trial.contents()) for trial in self.trials()]
        return [trial.record(stands) for trial, stands in found if stands.begun]

    @property
    def gathered(self) -> bool:
        """Whether results.json has every trial as it stands: no more and no less."""
        return results.agree(self._told(), self._records())

    def _told(self) -> list[dict[str, Any]] | None:
        """The trials in results.json; None where it lacks or is damaged."""
        return results.entries_of(json_or_none(self.path / RESULTS_FILE))

    def read(self) -> Run:
        """All that the folder says, gathered first where results.json is not as trials stand.

        Lines are those of metrics.jsonl, the numbers of a trial those of results.json.
        """
        records, told = self._records(), self._told()
        if not results.agree(told, records):
            self._write_results(records)
            told = self._told()
        stand = {record.key: record for record in records}
        trials = [results.as_told(stand[one["key"]], one) for one in told or []]
        compared = [trial for trial in trials if trial.role == "compared"]
        others = [trial for trial in trials if trial.role != "compared"]
        return searched.called(Run(self.path, self.study, compared, self.tracked, others))

    @property
    def tracked(self) -> Tracked | None:
        """Where MLflow has the run; None where it has nothing of it, or this is damaged."""
        try:
            return Tracked.model_validate(json_or_none(self.path / TRACKED_FILE))
        except ValidationError:
            return None


def json_or_none(path: Readable) -> Any:
    """The value in a JSON file; None where it lacks or is damaged."""
    try:
        return read_json(path)
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return None


def _is_run(path: Path) -> bool:
    """Whether a folder is a run, or was to be one."""
    return (path / STUDY_FILE).is_file() or (path / "trials").is_dir()


def _unprepared(runs: Sequence[Path]) -> str:
    """What is said of a last run without study.json."""
    last = runs[-1]
    if any(last.glob(f"trials/*/{METRICS}")):
        return f"{last} has no {STUDY_FILE}, which says what the run consists of; start a new one."
    whole = [path for path in runs if (path / STUDY_FILE).is_file()]
    older = ""
    if whole:
        older = f", or go on with the run before: --resume {whole[-1].parent.name}/{whole[-1].name}"
    return (
        f"{last} has no {STUDY_FILE}: the run ended while it was prepared, and nothing of it has "
        f"run. Start it again{older}."
    )
