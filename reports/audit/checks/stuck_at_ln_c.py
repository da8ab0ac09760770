"""Cross-entropy at ln C, as of guessing, while an auxiliary loss has gone to zero."""

from __future__ import annotations

import math

from reports.audit.check import Check
from reports.audit.trial_files import TrialFiles

NEAR = 0.03  # of ln C: cross-entropy this near to it
FALLEN = 0.01  # of its largest value: an auxiliary loss below it is gone


def says(files: TrialFiles) -> str | None:
    """Where the two losses ended."""
    entropies, extra = files.series("train/cross_entropy"), files.series("train/auxiliary_loss")
    if not entropies or not extra or not extra[-1] < FALLEN * max(extra):
        return None
    uniform = math.log(files.classes)
    if abs(entropies[-1] - uniform) > NEAR * uniform:
        return None
    return (
        f"Cross-entropy ended at {entropies[-1]:.3f}, where guessing has ln {files.classes} = "
        f"{uniform:.3f}, while the auxiliary loss fell from {max(extra):.3g} to {extra[-1]:.2g}."
    )


CHECK = Check(
    "stuck_at_ln_c",
    lambda files: not files.trial.control,
    says,
    looks_for="cross-entropy stuck while another loss falls to zero",
)
