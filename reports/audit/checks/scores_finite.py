"""Scores of test images that are NaN or infinite."""

from __future__ import annotations

from reports.audit.check import Check, finished
from reports.audit.trial_files import TrialFiles, not_finite
from runs.artifacts import Absent, Predictions


def says(files: TrialFiles) -> str | None:
    """How many of them."""
    if files.predictions.scores is None:
        raise Absent(f"no scores in {Predictions.FILE}")
    return not_finite(files.predictions.scores, "scores of test images")


CHECK = Check("not_finite", finished, says, looks_for="numbers that are none")
