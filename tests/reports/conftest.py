"""Runs made up of numbers, for what only looks at numbers."""

from pathlib import Path

import pytest

from runs.record import Run, Trial


def _trial(settings, seed=0, *, sweep="s", curves=None, metrics=None, status="finished",
           folder=Path("nowhere"), varied=None):  # fmt: skip
    """curves: metric to its values by epoch, whose last one is also in metrics."""
    curves = curves or {}
    length = max(map(len, curves.values()), default=0)
    lines = [
        {"epoch": e + 1, **{name: values[e] for name, values in curves.items() if e < len(values)}}
        for e in range(length)
    ]
    names = list(settings) if varied is None else varied
    variant = " ".join(f"{name}={settings[name]}" for name in names)
    last = {name: values[-1] for name, values in curves.items()} | (metrics or {})
    reason = None if status == "finished" else "diverged"
    return Trial(f"{variant}/{seed}", variant, seed, (sweep,), names, settings, status, reason,
                 last, 60.0, lines, folder)  # fmt: skip


def _run(made, /, dataset="digits", **study):
    about = {"study": "toy", "run": "now", "metric": "val/accuracy", "mode": "max"} | study
    return Run(Path("nowhere"), about, {"name": dataset}, made, {})


@pytest.fixture(scope="session")
def made_trial():
    return _trial


@pytest.fixture(scope="session")
def made_run():
    return _run
