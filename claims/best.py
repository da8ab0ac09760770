"""Which of several trials is best: what a search trains again, and what is said of it, is one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from claims.tuned import SIGN
from runs.record import TrialRecord


def value_of(trial: TrialRecord, metric: str) -> float | None:
    """The last value of a metric; None of a trial that did not finish, or did not measure it."""
    value = trial.metrics.get(metric, math.nan)
    return value if trial.finished and math.isfinite(value) else None


def best_of(values: Sequence[float | None], mode: str) -> int | None:
    """The place of the best value, the first of equals; None where there is none.

    mode: "max" or "min", what is best.
    """
    known = {place: value for place, value in enumerate(values) if value is not None}
    return max(known, key=lambda place: SIGN[mode] * known[place], default=None)
