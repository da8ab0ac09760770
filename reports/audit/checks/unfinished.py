"""A trial that did not finish: what would be said of its test set needs its end."""

from __future__ import annotations

from reports.audit.check import Check, finished
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent


def says(files: TrialFiles) -> str | None:
    """Nothing, since nothing of it can be checked."""
    raise Absent(f"the trial is {files.trial.status}")


CHECK = Check("all of its test set", lambda files: not finished(files), says)
