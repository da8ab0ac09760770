"""The control that trains on one batch, and did not learn it by heart."""

from __future__ import annotations

from reports.audit.check import Check, finished, percent
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent

BY_HEART = 0.95  # train accuracy: 61 of 64 images


def says(files: TrialFiles) -> str | None:
    """The train accuracy that it ended with."""
    accuracy = files.series("train/accuracy")
    if not accuracy:
        raise Absent("no train/accuracy")
    if accuracy[-1] >= BY_HEART:
        return None
    return f"One batch was not learnt by heart: train accuracy ended at {percent(accuracy[-1])}."


CHECK = Check(
    "one_batch_not_learnt",
    lambda files: finished(files) and files.trial.control == "one_batch",
    says,
    passed="one batch is learnt by heart, as it must be",
)
