"""A few test images that train or validation has, too: they move accuracy by less than it shows."""

from __future__ import annotations

from reports.audit.check import Check, every_trial
from reports.audit.checks.shared_images import FEW, sentence
from reports.audit.trial_files import TrialFiles


def says(files: TrialFiles) -> str | None:
    """How few of them."""
    return sentence(files) if 0 < files.seen.shared <= FEW * files.images.sum() else None


CHECK = Check("shared_images", every_trial, says, remark=True)
