"""A run as its folder has it: what was asked, and what every trial left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Trial:
    """One trial of a run.

    variant: what varies, for people ("alpha=0.01"), and `varied` the settings that it names.
    settings: those that apply.  status: finished, failed or stopped; reason: why, else None.
    metrics: the last value of each.  seconds: that it took.  lines: the metrics of every epoch, and
    of the test after the last one.  folder: where its files lie.
    """

    key: str
    variant: str
    seed: int
    sweeps: Sequence[str]
    varied: Sequence[str]
    settings: Mapping[str, Any]
    status: str
    reason: str | None
    metrics: Mapping[str, float]
    seconds: float
    lines: Sequence[Mapping[str, Any]]
    folder: Path

    @property
    def name(self) -> str:
        """The variant and the seed: "alpha=0.01 seed=1"."""
        return f"{self.variant} seed={self.seed}"

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.status == "finished"

    def has(self, settings: Mapping[str, Any]) -> bool:
        """Whether these are among its settings."""
        return all(self.settings.get(name) == value for name, value in settings.items())

    @property
    def diverged(self) -> bool:
        """Whether its numbers left the finite range, which is an outcome of its settings."""
        return self.status == "failed" and str(self.reason).startswith("diverged")

    @property
    def control(self) -> str:
        """Which check of the pipeline it is, one_batch or shuffled_labels; "" of an own trial."""
        control = str(self.settings.get("control", "none"))
        return "" if control == "none" else control


@dataclass(frozen=True)
class Run:
    """study: what study.json holds.  tracked: what mlflow.json does, {} without it."""

    path: Path
    study: Mapping[str, Any]
    dataset: Mapping[str, Any]
    trials: Sequence[Trial]
    tracked: Mapping[str, Any]

    def variants(self) -> dict[str, list[Trial]]:
        """The finished trials of every variant, in their order, without controls."""
        found: dict[str, list[Trial]] = {}
        for trial in self.trials:
            if trial.finished and not trial.control:
                found.setdefault(trial.variant, []).append(trial)
        return found


def read(path: Path) -> Run:
    """The run whose results.json has been written; OSError without one."""
    study, results = _json(path / "study.json"), _json(path / "results.json")
    tracked = path / "mlflow.json"
    trials = [read_trial(path / "trials" / entry["key"], entry) for entry in results["trials"]]
    return Run(path, study, results["dataset"], trials, _json(tracked) if tracked.exists() else {})


def read_trial(folder: Path, entry: Mapping[str, Any]) -> Trial:
    """The trial in a folder; entry: what results.json says of it."""
    lines = folder / "metrics.jsonl"
    rows = lines.read_text().split("\n")[:-1] if lines.exists() else []
    names = ("key", "variant", "seed", "sweeps", "settings", "status", "reason", "metrics")
    return Trial(
        **{name: entry[name] for name in names},
        varied=_json(folder / "settings.json")["varied"],
        seconds=entry["seconds"],
        lines=[json.loads(row) for row in rows],
        folder=folder,
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text())
