"""Sweeps over the same setting, value by value: batch sizes at equal epochs and at equal steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claims.units import unit_of, words_of
from reports.tables import mean_sd
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant, differing_values

STEPS = "train/steps"  # an epoch's
LOSSES = ("train/loss", "test/loss")


@dataclass(frozen=True)
class SideBySide:
    """A line a value and sweep, those of one value one below the other.

    setting: that all these sweeps vary, and nothing else.
    head: of the columns.
    rows: cells, "" without a value.
    """

    setting: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def side_by_side(run: Run) -> list[SideBySide]:
    """One for each setting that several sweeps vary alone, over values that they share.

    Mean ± standard deviation over seeds; epochs and steps are those of all training.
    """
    of: dict[str, dict[str, dict[str, Variant]]] = {}
    for sweep in run.sweeps:
        variants = [variant for variant in run.sweep(sweep) if variant.finished]
        differing = differing_values(variants, sweep)
        if len(differing) == 1 and not any(v.trials[0].control for v in variants):
            (setting,) = differing
            of.setdefault(setting, {})[sweep] = {str(v.settings[setting]): v for v in variants}
    found = []
    for setting, sweeps in of.items():
        values = list(dict.fromkeys(value for own in sweeps.values() for value in own))
        shared = [value for value in values if sum(value in own for own in sweeps.values()) > 1]
        if len(shared) > 1:
            found.append(_table(run, setting, sweeps, shared))
    return found


def _table(
    run: Run, setting: str, sweeps: Mapping[str, Mapping[str, Variant]], values: Sequence[str]
) -> SideBySide:
    lines = [
        (value, sweep, own[value].finished)
        for value in values
        for sweep, own in sweeps.items()
        if value in own
    ]
    measured = {name for *_, trials in lines for trial in trials for name in trial.metrics}
    metrics = [m for m in dict.fromkeys((*LOSSES, run.outcome)) if m in measured]
    counted = any(STEPS in line for *_, trials in lines for t in trials for line in t.lines)
    head = [setting, "sweep", "epochs", *(["steps"] if counted else [])]
    rows = []
    for value, sweep, trials in lines:
        cells = [value, sweep, _number([trial.epochs for trial in trials])]
        if counted:
            cells.append(_number([_steps(trial) for trial in trials]))
        cells += [_mean(trials, metric) for metric in metrics]
        rows.append([*cells, str(len(trials))])
    return SideBySide(setting, [*head, *map(words_of, metrics), "n"], rows)


def _steps(trial: TrialRecord) -> float:
    return float(sum(line.get(STEPS, 0) for line in trial.lines))


def _number(counts: Sequence[float]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _mean(trials: Sequence[TrialRecord], metric: str) -> str:
    unit = unit_of(metric)
    values = [unit.scale * t.metrics[metric] for t in trials if metric in t.metrics]
    return mean_sd(values, unit.decimals) + unit.sign if values else ""
