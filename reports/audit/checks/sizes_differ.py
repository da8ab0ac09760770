"""Train, validation and test images of different sizes."""

from __future__ import annotations

from reports.audit.check import Check, every_trial
from reports.audit.trial_files import TrialFiles


def says(files: TrialFiles) -> str | None:
    """The pixels of each."""
    parts = files.seen.train, files.seen.val, files.seen.test
    train, val, test = ("x".join(map(str, part.size)) for part in parts)
    if train == val == test:
        return None
    return f"Train images have {train} pixels, validation images {val}, test images {test}."


CHECK = Check("sizes_differ", every_trial, says, looks_for="other sizes in training than in test")
