"""A confusion matrix that is not C x C."""

from __future__ import annotations

from reports.audit.check import Check, finished
from reports.audit.trial_files import TrialFiles


def says(files: TrialFiles) -> str | None:
    """What it is instead."""
    rows, columns = files.matrix.counts.shape
    if rows == columns == files.classes:
        return None
    return f"The confusion matrix is {rows} x {columns}, but there are {files.classes} classes."


CHECK = Check(
    "confusion_shape", finished, says, looks_for="a confusion matrix of the wrong shape or rows"
)
