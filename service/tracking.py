"""MLflow as a projection of the run folder: send what it lacks, never anything twice.

Runs are found again by tag, metrics carry the timestamps that the run folder stores (MLflow keeps
one row for equal key, step, timestamp and value), only what a resumed trial will not repeat is sent
at all, and a call that fails is made again by the next pass.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from reports import answer_file, page
from reports.reading import Reading, reading
from runs import trial_folder
from runs.atomic import write_json
from runs.bundle import Readable, on_disk
from runs.folder import RESULTS_FILE, STUDY_FILE, TABLE_FILE, TRACKED_FILE, RunFolder
from runs.record import StudyRecord, Tracked, TrialAsked
from runs.trial_folder import TrialFolder
from runs.variants import trial_names

SQLITE = "sqlite:///"
METRICS_A_CALL = 1000  # MLflow's limits
PARAMS_A_CALL = 100
TAG = 5000
STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
KEPT_ENDINGS = (".npz", ".json", ".csv", ".txt", ".png", ".safetensors")


def default_uri(output: Path) -> str:
    """MLFLOW_TRACKING_URI, else an SQLite file in the output folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{output.resolve()}/mlflow.db"


def absolute(uri: str) -> str:
    """The URI with an SQLite file's path made absolute: it is recorded, and used from elsewhere."""
    return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}" if uri.startswith(SQLITE) else uri


def load() -> None:
    """Import MLflow, which takes seconds, while nothing else can go on."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # noqa: F401


def publish(run: RunFolder, uri: str) -> None:
    """Complete the record of a run. Raises whatever MLflow does."""
    projection = Projection(run, uri)
    projection.sync()
    read = reading(run.read())
    answer_file.write(read)
    # Its numbers link to runs that are all there only now; a kept page is as it was kept, since it
    # may hold pictures of what was not.
    if (run.path / page.NAME).exists() and not read.refused and not run.bundled:
        page.write(read)
    projection.finish(run.status(), read)


class Projection:
    """One run folder in one MLflow store."""

    def __init__(self, run: RunFolder, uri: str) -> None:
        self.run, self.uri = run, absolute(uri)
        self._client: Any = None
        self._parent_id: str | None = None
        self._runs: dict[str, str] = {}  # trial key to MLflow run id
        self._sent: dict[str, int] = {}
        self._closed: set[str] = set()

    def sync(self) -> None:
        """Send whatever of its trials the store lacks. Raises whatever MLflow does."""
        study = self.run.study
        parent = self._parent(study)
        for trial in self.run.trials():
            if trial.path.name not in self._closed:
                self._sync_trial(study, trial, parent)
        self._write_down(complete=False)

    def _write_down(self, complete: bool) -> None:
        tracked = Tracked(
            experiment_id=self._experiment,
            parent=str(self._parent_id),
            runs=self._runs,
            complete=complete,
        )
        write_json(self.run.path / TRACKED_FILE, tracked.model_dump())

    def finish(self, status: str, read: Reading) -> None:
        """Send what was read off the run, and close the parent run: finished, failed or stopped.

        A trial that has not ended is closed as stopped; resuming opens its run again.
        """
        from mlflow.entities import RunTag

        client, parent = self.client(), self._parent(self.run.study)
        for key, run_id in self._runs.items():
            audit = read.audits.get(key)
            if key in self._closed and audit is not None:
                said = " ".join(f"{fault.check}: {fault.says}" for fault in audit.faults)
                tags = {"study.audit": said[:TAG] or "nothing found"}
                if said:
                    tags["mlflow.note.content"] = f"⚠ {said}"[:TAG]
                client.log_batch(run_id, tags=[RunTag(k, v) for k, v in tags.items()])
        for key in self._runs.keys() - self._closed:
            client.set_tag(self._runs[key], "study.status", "stopped")
            client.set_terminated(self._runs[key], STATUS["stopped"])
        files = (STUDY_FILE, RESULTS_FILE, TABLE_FILE, answer_file.NAME, page.NAME)
        for name in (*files, "figures"):
            path = self.run.path / name
            if path.is_dir():
                client.log_artifacts(parent, str(path), name)
            elif path.exists():
                client.log_artifact(parent, str(path))
        client.set_tag(parent, "study.status", status)
        for verdict in read.verdicts:
            tag = f"study.claim.{verdict.claim.id}"
            client.set_tag(parent, tag, verdict.status)
            client.set_tag(parent, f"{tag}.declared", verdict.declared)
        ended = [end.ended for trial in self.run.trials() if (end := trial.ending)]
        client.set_terminated(parent, STATUS[status], int(1000 * max(ended, default=time.time())))
        self._write_down(complete=True)

    def client(self) -> Any:
        """The client, connected once; a new SQLite file is set up by one process at a time."""
        if self._client is None:
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
            # The next pass tries again; minutes of retries would only delay the end of a run.
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
            os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
            from mlflow import MlflowClient

            for noisy in ("mlflow", "alembic"):  # they describe every step of setting up a database
                logging.getLogger(noisy).setLevel(logging.WARNING)
            with self._setting_up():
                client = MlflowClient(tracking_uri=self.uri)
                self._experiment = self._find_experiment(client)
            self._client = client
        return self._client

    def _setting_up(self) -> Any:
        file = self._sqlite_file()
        if file is None:
            return contextlib.nullcontext()
        file.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{file}.lock")

    def _sqlite_file(self) -> Path | None:
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    def _find_experiment(self, client: Any) -> str:
        name = self.run.study.study
        experiment = client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        file = self._sqlite_file()
        artifacts = None if file is None else (file.parent / "mlartifacts").as_uri()
        note = {"mlflow.note.content": self.run.study.question}
        return str(client.create_experiment(name, artifact_location=artifacts, tags=note))

    def find(self, tag: str, value: str) -> list[Any]:
        """This run's MLflow runs with a tag: one, unless something is missing or was sent twice."""
        client = self.client()
        wanted = f"tags.`study.run` = '{self.run.study.run}' and tags.`{tag}` = '{value}'"
        return list(client.search_runs([self._experiment], wanted))

    def _parent(self, study: StudyRecord) -> str:
        if self._parent_id is None:
            tags = {
                "mlflow.note.content": study.question,
                "study.question": study.question,
                "study.command": study.command,
                "study.commit": str(study.commit.commit),
                "study.data_fingerprint": str(study.dataset.get("fingerprint")),
                **{f"environment.{k}": str(v) for k, v in study.environment.items()},
            }
            params = {k: str(v) for k, v in study.settings.items() if v is not None}
            wanted = ("study.parent", "yes")
            run = self._find_or_create(wanted, study.run, tags, study.created or time.time())
            self._send_inputs(run, params)
            self._parent_id = str(run.info.run_id)
        return self._parent_id

    def _find_or_create(
        self, wanted: tuple[str, str], name: str, tags: dict[str, str], seconds: float
    ) -> Any:
        client = self.client()
        runs = self.find(*wanted)
        if runs:
            client.update_run(runs[0].info.run_id, status="RUNNING")
            return runs[0]
        study = self.run.study
        tags |= {"study.run": study.run, wanted[0]: wanted[1]}
        # MLflow shows what follows the last slash: the options would hide the name.
        program = study.program or "service.run"
        tags |= {"mlflow.source.name": program, "mlflow.source.type": "LOCAL"}
        if study.commit.commit:
            tags["mlflow.source.git.commit"] = study.commit.commit
        start = int(seconds * 1000)
        return client.create_run(self._experiment, start_time=start, run_name=name, tags=tags)

    def _sync_trial(self, study: StudyRecord, trial: TrialFolder, parent: str) -> None:
        ending = trial.ending  # first: whoever has ended commits nothing more
        client, key, asked, lines = self.client(), trial.path.name, trial.asked, trial.committed
        if not lines and ending is None:
            return
        if key not in self._runs:
            tags = {
                "mlflow.parentRunId": parent,
                "study.sweeps": " ".join(asked.sweeps),
                "study.seed": str(asked.seed),
            }
            wanted = ("study.trial_key", key)
            start = time.time()
            if lines:  # the first line was written when its epoch ended
                start = lines[0]["timestamp"] / 1000 - lines[0].get("time/seconds", 0.0)
            run = self._find_or_create(wanted, trial_names(study)[key], tags, start)
            # A run that was extended since may have given the trial another name.
            client.update_run(run.info.run_id, name=trial_names(study)[key])
            client.set_tag(run.info.run_id, "study.sweeps", tags["study.sweeps"])
            if "study.reason" in run.data.tags:
                client.delete_tag(run.info.run_id, "study.reason")
            self._send_inputs(run, params_of(asked))
            self._runs[key] = run.info.run_id
        run_id = self._runs[key]
        self._send_metrics(run_id, lines[self._sent.get(key, 0) :])
        self._sent[key] = len(lines)
        if ending is not None:
            for file in files_of(trial):
                with on_disk(file) as path:
                    client.log_artifact(run_id, str(path))
            client.set_tag(run_id, "study.status", ending.status)
            if ending.reason:
                client.set_tag(run_id, "study.reason", ending.reason[:TAG])
            client.set_terminated(run_id, STATUS[ending.status], int(ending.ended * 1000))
            self._closed.add(key)

    def _send_inputs(self, run: Any, values: dict[str, str]) -> None:
        """What a run starts from: its params, and the data that it reads."""
        from mlflow.entities import Dataset, DatasetInput, Param

        data = self.run.study.dataset
        if data.get("fingerprint"):
            digest = data["fingerprint"][:32]  # MLflow allows 36
            dataset = Dataset(
                data["name"], digest, "local", "{}", profile=json.dumps(data["counts"])
            )
            self.client().log_inputs(run.info.run_id, datasets=[DatasetInput(dataset, [])])

        # MLflow refuses another value for a param; a data folder may have moved since.
        params = [Param(k, v) for k, v in values.items() if k not in run.data.params]
        for start in range(0, len(params), PARAMS_A_CALL):
            self.client().log_batch(run.info.run_id, params=params[start : start + PARAMS_A_CALL])

    def _send_metrics(self, run_id: str, lines: list[dict[str, Any]]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, line["timestamp"], line["epoch"])
            for line in lines
            for name, value in metrics_of(line).items()
        ]
        for start in range(0, len(metrics), METRICS_A_CALL):
            self.client().log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])


def params_of(asked: TrialAsked) -> dict[str, str]:
    """A nested run's params."""
    return {k: str(v) for k, v in {**asked.settings, "seed": asked.seed}.items()}


def metrics_of(line: dict[str, Any]) -> dict[str, float]:
    """What of a metrics line are metrics."""
    return {name: float(value) for name, value in line.items() if "/" in name}


def files_of(trial: TrialFolder) -> list[Readable]:
    """What a trial left for people, without checkpoints and heartbeats."""
    files = sorted(trial.path.iterdir(), key=lambda file: file.name)
    return [
        f
        for f in files
        if f.name.endswith(KEPT_ENDINGS) and f.name[0] != "." and f.name != trial_folder.PROGRESS
    ]
