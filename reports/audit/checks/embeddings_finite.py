"""Embeddings of test images with values that are NaN or infinite."""

from __future__ import annotations

from reports.audit.check import Check, finished
from reports.audit.trial_files import TrialFiles, not_finite


def says(files: TrialFiles) -> str | None:
    """How many values of them."""
    return not_finite(files.embeddings, "values of the test images' embeddings")


CHECK = Check(
    "not_finite",
    lambda files: finished(files) and files.embeds,
    says,
    looks_for="numbers that are none",
)
