"""A triplet loss that stays where all distances are equal: at its margin, or ln 2."""

from __future__ import annotations

import math

import numpy as np

from reports.audit.check import Check, tested
from reports.audit.trial_files import TrialFiles

NEAR = 0.01  # to its margin; distances are about 1


def says(files: TrialFiles) -> str | None:
    """Where it ended."""
    settings, extra = files.trial.settings, files.series("train/auxiliary_loss")
    soft = bool(settings.get("soft_margin"))
    margin = math.log(2) if soft else float(settings.get("margin", 0.0))
    if settings.get("loss") != "triplet" or margin == 0 or not extra:
        return None
    # Half of all epochs: a loss that learns can pass its margin, and does not stay there.
    stays = np.abs(np.array(extra[len(extra) // 2 :]) - margin) <= NEAR * min(margin, 1.0)
    if not stays.all():
        return None
    what = "ln 2 = 0.6931, which its soft margin has" if soft else f"its margin of {margin:g}, as"
    return f"The triplet loss ended at {extra[-1]:.4f}, {what} where all distances are equal."


CHECK = Check(
    "triplet_at_margin",
    lambda files: tested(files) and files.embeds,
    says,
    looks_for="a triplet loss at its margin",
)
