"""Does MLflow hold what the run folder holds? Compares every value, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.run_folder import RunFolder
from service.tracking import STATUS, Projection, files_of, metrics_of, params_of
from service.trial_folder import TrialFolder


def differences(run: RunFolder, uri: str) -> list[str]:
    """What the store lacks, holds twice or otherwise, a sentence each; empty if complete."""
    projection = Projection(run, uri)
    parents = projection.find("study.parent", "yes")
    if len(parents) != 1:
        return [f"The run has {len(parents)} parent runs in MLflow instead of 1."]
    found = []
    for trial in run.trials():
        if not trial.committed and trial.status is None:
            continue
        name, runs = trial.settings["name"], projection.find("study.trial_key", trial.path.name)
        if len(runs) != 1:
            found.append(f"{name}: {len(runs)} MLflow runs instead of 1.")
            continue
        wrong = _wrong(projection.client(), trial, runs[0], parents[0].info.run_id)
        found += [f"{name}: {what}." for what in wrong]
    return found


def _wrong(client: Any, trial: TrialFolder, run: Any, parent: str) -> Iterator[str]:
    if run.data.tags.get("mlflow.parentRunId") != parent:
        yield "it is not nested below the parent run"
    if run.info.run_name != trial.settings["name"]:
        yield f"its name is {run.info.run_name}"
    for name, text in params_of(trial.settings).items():
        if run.data.params.get(name) != text:
            yield f"{name} is {run.data.params.get(name)} instead of {text}"
    wanted: dict[str, list[tuple[int, float]]] = {}
    for line in trial.committed:
        for name, value in metrics_of(line).items():
            wanted.setdefault(name, []).append((int(line["epoch"]), value))
    for name, rows in wanted.items():
        history = client.get_metric_history(run.info.run_id, name)
        if sorted((row.step, row.value) for row in history) != sorted(rows):
            yield f"{name} has {len(history)} values in MLflow, not the run's {len(rows)}"
    if trial.status is None:
        if run.info.status == "FINISHED":
            yield "its status is FINISHED although it was stopped"
    else:
        if run.info.status != STATUS[trial.status["status"]]:
            yield f"its status is {run.info.status}"
        stored = {file.path for file in client.list_artifacts(run.info.run_id)}
        for file in files_of(trial):
            if file.name not in stored:
                yield f"{file.name} is missing"
