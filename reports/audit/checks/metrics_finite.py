"""A metric of any epoch that is NaN or infinite."""

from __future__ import annotations

import math
from itertools import chain

from reports.audit.check import Check, every_trial
from reports.audit.trial_files import TrialFiles


def says(files: TrialFiles) -> str | None:
    """The first of them, and the epoch that it is of."""
    lines = ((f" in epoch {line.get('epoch')}", line) for line in files.trial.lines)
    for where, values in chain(lines, [("", files.trial.metrics)]):
        for name, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                return f"{name} is {value}{where}."
    return None


CHECK = Check("not_finite", every_trial, says, looks_for="numbers that are none")
