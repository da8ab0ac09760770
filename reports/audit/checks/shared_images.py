"""Test images that train or validation has, too, enough to move accuracy by a tenth of a point."""

from __future__ import annotations

from reports.audit.check import Check, every_trial
from reports.audit.trial_files import TrialFiles

FEW = 0.001  # of the test images


def says(files: TrialFiles) -> str | None:
    """How many of them, if they are more than a few."""
    return sentence(files) if files.seen.shared > FEW * files.images.sum() else None


def sentence(files: TrialFiles) -> str:
    """How many test images are shared, a few or many."""
    shared, images = files.seen.shared, files.images.sum()
    are = "images are" if shared > 1 else "image is"
    return f"{shared:,} of {images:,} test {are} also in train or validation."


CHECK = Check("shared_images", every_trial, says, looks_for="images shared by train and test")
