"""Does MLflow hold what the run folder holds? Compares every value, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runs.folder import RunFolder
from runs.trial_folder import TrialFolder
from runs.variants import trial_names
from service.tracking import STATUS, Projection, files_of, metrics_of, params_of


def differences(run: RunFolder, uri: str) -> list[str]:
    """What the store lacks, holds twice or otherwise, a sentence each; empty if complete."""
    projection = Projection(run, uri)
    parents = projection.find("study.parent", "yes")
    if len(parents) != 1:
        return [f"The run has {len(parents)} parent runs in MLflow instead of 1."]
    wrong, called = [], trial_names(run.study)
    for trial in run.trials():
        if not trial.committed and trial.ending is None:
            continue
        key = trial.path.name
        name, runs = called[key], projection.find("study.trial_key", key)
        if len(runs) != 1:
            wrong.append(f"{name}: {len(runs)} MLflow runs instead of 1.")
            continue
        differs = _differs(projection.client(), trial, name, runs[0], parents[0].info.run_id)
        wrong += [f"{name}: {what}." for what in differs]
    return wrong


def _differs(client: Any, trial: TrialFolder, name: str, run: Any, parent: str) -> Iterator[str]:
    if run.data.tags.get("mlflow.parentRunId") != parent:
        yield "it is not nested below the parent run"
    if run.info.run_name != name:
        yield f"its name is {run.info.run_name}"
    for param, text in params_of(trial.asked).items():
        if run.data.params.get(param) != text:
            yield f"{param} is {run.data.params.get(param)} instead of {text}"
    wanted: dict[str, list[tuple[int, float]]] = {}
    for line in trial.committed:
        for metric, value in metrics_of(line).items():
            wanted.setdefault(metric, []).append((int(line["epoch"]), value))
    for metric, rows in wanted.items():
        history = client.get_metric_history(run.info.run_id, metric)
        if sorted((row.step, row.value) for row in history) != sorted(rows):
            yield f"{metric} has {len(history)} values in MLflow, not the run's {len(rows)}"
    if trial.ending is None:
        if run.info.status == "FINISHED":
            yield "its status is FINISHED although it was stopped"
    else:
        if run.info.status != STATUS[trial.ending.status]:
            yield f"its status is {run.info.status}"
        stored = {file.path for file in client.list_artifacts(run.info.run_id)}
        for file in files_of(trial):
            if file.name not in stored:
                yield f"{file.name} is missing"
