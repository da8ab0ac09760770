"""MLflow as a projection of the run folder: sent exactly once, checked whole, never waited for.

address     where MLflow is: what may be recorded and shown, and what is connected to
owed        what MLflow is to hold of a run, as values read off its folder
held        what it does hold of one, and what differs
store       every call of MLflow
projection  brings the one to the other
trouble     what went wrong, in a person's words
"""

from __future__ import annotations

import os


def load() -> None:
    """Import MLflow, which takes seconds, while nothing else can go on."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # noqa: F401
