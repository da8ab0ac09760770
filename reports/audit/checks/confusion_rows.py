"""A row of the confusion matrix that does not add up to the test images of its class."""

from __future__ import annotations

import numpy as np

from reports.audit.check import Check, finished
from reports.audit.trial_files import TrialFiles, first


def says(files: TrialFiles) -> str | None:
    """The class whose row is furthest from its images; the largest, if their number differs."""
    given, rows = files.images, first(lambda: files.matrix.counts, lambda: files.table).sum(1)
    if rows.tolist() == given.tolist():
        return None
    names = files.class_names_of(len(rows))
    if len(rows) == len(given):
        differ = zip(np.abs(rows - given).tolist(), names, rows, given, strict=True)
        _, name, row, own = max(differ)
        return f"The confusion matrix has {row:,} images of {name}, the test set {own:,}."
    row, name = max(zip(rows.tolist(), names, strict=True))
    return (
        f"The confusion matrix has {row:,} images of {name} and {rows.sum():,} in all, the test "
        f"set {given.max():,} of its largest class and {given.sum():,} in all."
    )


CHECK = Check(
    "confusion_rows", finished, says, looks_for="a confusion matrix of the wrong shape or rows"
)
