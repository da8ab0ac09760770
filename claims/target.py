"""How long each variant takes to one level of validation, the same for all.

As in AlgoPerf (Dahl et al., "Benchmarking Neural Network Training Algorithms", arXiv 2306.07179):
the level is what the baseline ends at, and what does not reach it is never given a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from claims.budget import MULTIPLY_ADDS
from claims.measures.measure import curve
from claims.needs import Missing
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant

COSTS = {  # what else an epoch takes, by the metric that has it of one
    "steps": "train/steps",
    "seconds": "time/train_seconds",
    "multiply_adds": MULTIPLY_ADDS,
}


@dataclass(frozen=True)
class Reached:
    """When a variant first has the level: medians over seeds, in which never is later than all.

    seeds: how many trials it had that ended.
    never: how many of these never have it, as they diverged or their epochs were over.
    epochs: whole ones, infinite for never.
    costs: of those of COSTS that were measured, what the epochs up to there took.
    """

    seeds: int
    never: int
    epochs: float
    costs: dict[str, float]


@dataclass(frozen=True)
class Target:
    """One level, and when it is reached.

    metric: of which.
    level: the median over seeds of the baseline's last value.
    baseline: whose.
    reached: by every variant with a trial that ended.
    """

    metric: str
    level: float
    baseline: Variant
    reached: dict[Variant, Reached]

    @property
    def costs(self) -> list[str]:
        """What else is known besides epochs."""
        return [name for name in COSTS if any(name in one.costs for one in self.reached.values())]


def target(run: Run, variants: Sequence[Variant], baseline: Variant) -> Target | None:
    """When each variant reaches what the baseline ends at.

    variants: all that are told of.
    baseline: one of them.

    Returns None without curves of more than one epoch, and for fewer than two variants.
    """
    metric, mode = run.study.metric, run.study.mode
    try:
        curves = [curve(trial, metric) for trial in baseline.finished]
        lengths = [len(curve(t, metric)) for v in variants for t in v.finished]
    except Missing:
        return None
    ends = [float(values[-1]) for values in curves if math.isfinite(values[-1])]
    if not ends or max(lengths) < 2 or len(variants) < 2:
        return None
    level = median(ends)
    reached = {v: _reached([t for t in v.trials if t.ended], metric, mode, level) for v in variants}
    return Target(metric, level, baseline, {v: one for v, one in reached.items() if one})


def _reached(trials: Sequence[TrialRecord], metric: str, mode: str, level: float) -> Reached | None:
    if not trials:
        return None
    spent = [_spent(trial, metric, mode, level) for trial in trials]
    never = sum(one is None for one in spent)
    times = [math.inf if one is None else one["epochs"] for one in spent]
    costs = {}
    for name in COSTS:
        if all(one is None or name in one for one in spent) and any(spent):
            costs[name] = median([math.inf if one is None else one[name] for one in spent])
    return Reached(len(trials), never, median(times), costs)


def _spent(trial: TrialRecord, metric: str, mode: str, level: float) -> dict[str, float] | None:
    """What a trial takes to the end of the first epoch that has the level; None for never."""
    lines = [line for line in trial.lines if metric in line]
    there = (
        place
        for place, line in enumerate(lines, 1)
        if (line[metric] >= level if mode == "max" else line[metric] <= level)
    )
    first = next(there, None) if trial.finished else None
    if first is None:
        return None
    upto = lines[:first]
    costs = {
        name: math.fsum(line[cost] for line in upto)
        for name, cost in COSTS.items()
        if all(cost in line for line in upto)
    }
    return {"epochs": float(first), **costs}
