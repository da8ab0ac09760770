"""MLflow as a projection of the run folder: send what it lacks, never anything twice.

Runs are found again by tag, metrics carry the timestamps that the run folder stores (MLflow keeps
one row for equal key, step, timestamp and value), and a call that fails is made again by the next
pass. Nothing here is called by the loops that train or schedule: a thread of the driver does it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from service.run_folder import RunFolder, TrialFolder, read_json, write_json

METRICS_A_CALL = 1000  # MLflow's limits
PARAMS_A_CALL = 100
STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


def default_uri(output: Path) -> str:
    """MLFLOW_TRACKING_URI, else an SQLite file in the output folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{output.resolve()}/mlflow.db"


class Projection:
    """One run folder in one MLflow store."""

    def __init__(self, run: RunFolder, uri: str) -> None:
        self.run, self.uri = run, uri
        self._client: Any = None
        self._runs: dict[str, str] = {}  # key ("" for the parent) to MLflow run id
        self._sent: dict[str, int] = {}
        self._closed: set[str] = set()

    def client(self) -> Any:
        """The client, after the first call; a new SQLite file is set up by one process."""
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
        if not self.uri.startswith("sqlite:///"):
            return contextlib.nullcontext()
        file = Path(self.uri.removeprefix("sqlite:///"))
        file.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{file}.lock")

    def _find_experiment(self, client: Any) -> str:
        name = self.run.study["study"]
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        artifacts = None
        if self.uri.startswith("sqlite:///"):
            artifacts = (Path(self.uri.removeprefix("sqlite:///")).parent / "mlartifacts").as_uri()
        return str(client.create_experiment(name, artifact_location=artifacts))

    def sync(self) -> None:
        """Send whatever the store lacks; raises what MLflow raises."""
        client, study = self.client(), self.run.study
        parent = self._parent(client, study)
        for trial in self.run.trials():
            if trial.path.name not in self._closed and (trial.lines or trial.status):
                self._sync_trial(client, study, trial, parent)
        write_json(
            self.run.path / "mlflow.json", {"experiment": study["study"], "runs": self._runs}
        )

    def finish(self, status: str) -> None:
        """Send the results and close the parent run, with finished, failed or stopped."""
        client, parent = self._client, self._runs[""]
        for name in ("study.json", "results.json", "results.csv", "report.html", "figures"):
            path = self.run.path / name
            if path.is_dir():
                client.log_artifacts(parent, str(path), name)
            elif path.exists():
                client.log_artifact(parent, str(path))
        client.set_tag(parent, "study.status", status)
        client.set_terminated(parent, STATUS[status])

    def _parent(self, client: Any, study: dict[str, Any]) -> str:
        if "" not in self._runs:
            tags = {
                "study.run": study["run"],
                "study.question": study["question"],
                "study.commit": str(study["commit"]["commit"]),
                "study.data_fingerprint": str(
                    study["inputs"].get("dataset", {}).get("fingerprint")
                ),
                **{f"environment.{k}": str(v) for k, v in study["environment"].items()},
            }
            wanted = f"tags.`study.run` = '{study['run']}' and tags.`study.parent` = 'yes'"
            run_id = self._find_or_create(
                client, wanted, study["run"], {**tags, "study.parent": "yes"}, study["created"]
            )
            params = {k: v for k, v in study["settings"].items() if v is not None}
            self._log_params(client, run_id, params)
            self._runs[""] = run_id
        return self._runs[""]

    def _find_or_create(
        self, client: Any, wanted: str, name: str, tags: dict[str, str], seconds: float
    ) -> str:
        found = client.search_runs([self._experiment], wanted, max_results=1)
        if found:
            client.update_run(found[0].info.run_id, status="RUNNING")
            return str(found[0].info.run_id)
        run = client.create_run(
            self._experiment, start_time=int(seconds * 1000), run_name=name, tags=tags
        )
        return str(run.info.run_id)

    def _sync_trial(
        self, client: Any, study: dict[str, Any], trial: TrialFolder, parent: str
    ) -> None:
        key, asked, lines, status = trial.path.name, trial.settings, trial.lines, trial.status
        if key not in self._runs:
            tags = {
                "mlflow.parentRunId": parent,
                "study.run": study["run"],
                "study.trial_key": key,
                "study.sweeps": " ".join(asked["sweeps"]),
                "study.seed": str(asked["seed"]),
            }
            wanted = f"tags.`study.run` = '{study['run']}' and tags.`study.trial_key` = '{key}'"
            start = lines[0]["timestamp"] / 1000 if lines else time.time()
            run_id = self._find_or_create(client, wanted, asked["name"], tags, start)
            self._log_params(client, run_id, {**asked["settings"], "seed": asked["seed"]})
            self._runs[key] = run_id
        run_id = self._runs[key]
        self._log_metrics(client, run_id, lines[self._sent.get(key, 0) :])
        self._sent[key] = len(lines)
        if status is not None:
            for file in sorted(trial.path.iterdir()):
                if file.suffix in (".npz", ".json", ".txt", ".png") and file.name[0] != ".":
                    client.log_artifact(run_id, str(file))
            client.set_tag(run_id, "study.status", status["status"])
            if status["reason"]:
                client.set_tag(run_id, "study.reason", status["reason"][:5000])
            client.set_terminated(run_id, STATUS[status["status"]], int(status["ended"] * 1000))
            self._closed.add(key)

    def _log_params(self, client: Any, run_id: str, values: dict[str, Any]) -> None:
        from mlflow.entities import Param

        params = [Param(name, str(value)) for name, value in values.items()]
        for start in range(0, len(params), PARAMS_A_CALL):
            client.log_batch(run_id, params=params[start : start + PARAMS_A_CALL])

    def _log_metrics(self, client: Any, run_id: str, lines: list[dict[str, Any]]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(name, float(value), line["timestamp"], line["epoch"])
            for line in lines
            for name, value in line.items()
            if "/" in name
        ]
        for start in range(0, len(metrics), METRICS_A_CALL):
            client.log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])

    def differences(self) -> list[str]:
        """What the store lacks or holds otherwise, a sentence each; empty when it is complete."""
        client, study, found = self.client(), self.run.study, []
        for trial in self.run.trials():
            key = trial.path.name
            if not trial.lines:
                continue
            wanted = f"tags.`study.run` = '{study['run']}' and tags.`study.trial_key` = '{key}'"
            runs = client.search_runs([self._experiment], wanted)
            if len(runs) != 1:
                found.append(f"{trial.settings['name']}: {len(runs)} MLflow runs instead of 1.")
                continue
            stored = runs[0].data.metrics
            for name, value in trial.result()["metrics"].items():
                if stored.get(name) != value:
                    found.append(f"{trial.settings['name']}: {name} is {stored.get(name)}.")
        return found


class Publisher:
    """A thread that projects a run while it goes; the run neither waits for it nor fails by it."""

    def __init__(self, run: RunFolder, uri: str) -> None:
        self._projection, self._wake = Projection(run, uri), threading.Event()
        self._stop = False
        self._status = "stopped"
        self.error: Exception | None = None
        self.complete = False
        self._thread = threading.Thread(target=self._follow, daemon=True, name="mlflow")
        self._thread.start()

    def notify(self) -> None:
        """Something was committed."""
        self._wake.set()

    def close(self, status: str, timeout: float) -> bool:
        """Send the rest; True if all of it arrived within `timeout` seconds."""
        self._status, self._stop = status, True
        self._wake.set()
        self._thread.join(timeout)
        return self.complete

    def _follow(self) -> None:
        while not self.complete:
            # After a failure the next pass comes by itself: two runs may share one SQLite file.
            self._wake.wait(timeout=None if self.error is None else 2.0)
            self._wake.clear()
            last = self._stop
            try:
                self._projection.sync()
                if last:
                    self._projection.finish(self._status)
                    self.complete = True
                self.error = None
            except Exception as error:  # whatever MLflow raises, the run goes on
                self.error = error
            if not last:
                time.sleep(1.0)  # gather the commits of a second


def publish(run: RunFolder, uri: str) -> None:
    """Complete the record of a run; raises what MLflow raises."""
    projection = Projection(run, uri)
    projection.sync()
    file = run.path / "results.json"
    statuses = [t["status"] for t in read_json(file)["trials"]] if file.exists() else ["stopped"]
    whole = "stopped" if "stopped" in statuses else "failed" if "failed" in statuses else "finished"
    projection.finish(whole)
