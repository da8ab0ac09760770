"""What a search found and what it took: facts, which others put in words and pictures.

The best of many trials owes part of its value to luck, so it is trained again with fresh seeds, and
only these say how good its settings are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from claims.best import best_of, value_of
from claims.edges import EDGE
from claims.importance import Point, Weight, weights
from claims.tuned import SIGN
from runs.ranges import Range
from runs.record import TrialRecord
from runs.run import Run
from runs.rungs import ETA, first_rung

LEAST = 4  # trials that a rank correlation is told of
Outcome = Literal["finished", "pruned", "diverged", "failed", "stopped"]


@dataclass(frozen=True, eq=False)
class Tried:
    """One trial of a search.

    outcome: how it ended; stopped: it has not.
    value: the last validation value that it measured; None of one that has none, or diverged.
    best: the best value of those that finished until then, this one too; None: none did.
    """

    trial: TrialRecord
    outcome: Outcome
    value: float | None
    best: float | None


@dataclass(frozen=True)
class Spent:
    """What some trials took: how many there are, and epochs and seconds of all of them."""

    trials: int
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Agreement:
    """Whether trials that finished stood in the end as they stood after some epochs.

    epochs: after which trials are compared while they run.
    trials: that finished, and were there.
    correlation: Spearman's, between their values then and their last ones; None of fewer than 4,
        or where all are equal.
    """

    epochs: int
    trials: int
    correlation: float | None


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came to.

    metric: what it goes by, on validation.
    outcome: what is measured on test; the same as `metric` where there is no test.
    mode: "max" or "min", what is best.
    asked: how many settings it was to try.
    prunes: whether trials may end early.
    tried: the trials, in their order.
    domains: of each setting that was chosen: the range that it was drawn from, or the values that
        were tried.
    best: of those that finished; None: none did.
    again: of the trials that have its settings with fresh seeds those that finished.
    seeds: how many fresh seeds it is to have.
    before: whether those that were trained with fresh seeds have other settings, found earlier.
    spent: by outcome, what trials took, and as "again" those with fresh seeds.
    agreements: by the epochs at which trials are compared.
    points: the trials that importance is of: whatever finished, was pruned, or diverged.
    """

    metric: str
    outcome: str
    mode: str
    asked: int
    prunes: bool
    tried: Sequence[Tried]
    domains: Mapping[str, Range | Sequence[Any]]
    best: Tried | None
    again: Sequence[TrialRecord]
    seeds: int
    before: bool
    spent: Mapping[str, Spent]
    agreements: Sequence[Agreement]
    points: Sequence[Point]

    @property
    def ended(self) -> bool:
        """Whether all that were to be tried have ended."""
        over = [one for one in self.tried if one.outcome != "stopped"]
        return len(over) >= self.asked

    @property
    def ranked(self) -> int:
        """How many trials importance is of."""
        return len(self.points)

    @cached_property
    def importance(self) -> dict[str, Weight]:
        """How much each setting decides, the greatest first; {} of too few trials."""
        return weights(self.points, [*self.domains])

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the best trial has of all that was chosen; {} without one."""
        own = self.best.trial.settings if self.best else {}
        return {name: own[name] for name in self.domains if name in own}

    @property
    def at_ends(self) -> dict[str, bool]:
        """The best trial's settings that lie at an end of what they were drawn from.

        Whether that is the upper one.
        """
        drawn = self.best.trial.tuned if self.best else {}
        shares = {
            name: one.share(self.settings[name])
            for name, one in drawn.items()
            if name in self.settings and not one.choices and one.low < one.high
        }
        return {n: s > 0.5 for n, s in shares.items() if min(s, 1.0 - s) <= EDGE}

    def listed(self, setting: str) -> Sequence[Any]:
        """The values that trials tried which did not draw it from a range."""
        trials = [one.trial for one in self.tried]
        own = [t.settings[setting] for t in trials if setting in t.settings.keys() - t.tuned.keys()]
        return _sorted([*{repr(value): value for value in own}.values()])

    def fresh(self, metric: str) -> list[float]:
        """The last values of a metric with fresh seeds."""
        return [one.metrics[metric] for one in self.again if metric in one.metrics]


def found(run: Run) -> Found | None:
    """What a search came to; None of a run that searched nothing."""
    study = run.study
    if not study.asked.search:
        return None
    order = {asked.key: place for place, asked in enumerate(study.trials)}
    trials = [one for one in run.others if one.role == "search"]
    tried = _tried(sorted(trials, key=lambda one: order.get(one.key, 0)), study.metric, study.mode)
    domains = _domains(run, [one.trial for one in tried])
    best = _best(tried, study.mode)
    again = [one for one in run.trials if best and list(one.among) == [best.trial.key]]
    ranked = [one for one in tried if one.outcome in ("finished", "pruned", "diverged")]
    return Found(
        metric=study.metric,
        outcome=run.outcome,
        mode=study.mode,
        asked=study.asked.trials or len(tried),
        prunes=study.asked.scheduler != "none",
        tried=tried,
        domains=domains,
        best=best,
        again=[one for one in again if one.finished],
        seeds=study.asked.seeds if all(one.draws for one in study.compared) else 1,
        before=bool(run.trials) and not again,
        spent=_spent(run, tried),
        agreements=_agreements(tried, study.metric),
        points=_points(ranked, study.mode),
    )


def _tried(trials: Sequence[TrialRecord], metric: str, mode: str) -> list[Tried]:
    found: list[Tried] = []
    best: float | None = None
    for trial in trials:
        outcome: Outcome = "diverged" if trial.diverged else trial.status
        value: float | None = trial.metrics.get(metric, math.nan)
        if value is None or outcome == "diverged" or not math.isfinite(value):
            value = None
        so_far = [best, value_of(trial, metric)]
        place = best_of(so_far, mode)
        best = None if place is None else so_far[place]
        found.append(Tried(trial, outcome, value, best))
    return found


def _best(tried: Sequence[Tried], mode: str) -> Tried | None:
    """The first of equals, which is what the search takes."""
    place = best_of([one.value if one.outcome == "finished" else None for one in tried], mode)
    return None if place is None else tried[place]


def _domains(run: Run, trials: Sequence[TrialRecord]) -> dict[str, Range | Sequence[Any]]:
    """What a sweep lists, a range is declared for, or differs; in the order of settings."""
    ranges: dict[str, Range] = {}
    for trial in trials:
        for name, one in trial.tuned.items():
            ranges[name] = _both(ranges[name], one) if name in ranges else one
    values: dict[str, dict[str, Any]] = {}
    for trial in trials:
        for name, value in trial.settings.items():
            values.setdefault(name, {})[repr(value)] = value
    chosen = {name for t in trials for s in t.sweeps for name in run.study.sweeps.get(s, ())}
    return {
        name: ranges[name] if name in ranges else _sorted([*own.values()])
        for name, own in values.items()
        if name in ranges or name in chosen or len(own) > 1
    }


def _both(one: Range, other: Range) -> Range:
    """What either reaches; of choices those of both."""
    if one == other:
        return one
    choices = (*one.choices, *(choice for choice in other.choices if choice not in one.choices))
    low, high = min(one.low, other.low), max(one.high, other.high)
    log = one.log and other.log
    return one.model_copy(update={"low": low, "high": high, "log": log, "choices": choices})


def _sorted(values: Sequence[Any]) -> Sequence[Any]:
    alike = all(isinstance(one, int | float) for one in values) or all(
        isinstance(one, str) for one in values
    )
    return sorted(values) if alike else values


def _spent(run: Run, tried: Sequence[Tried]) -> dict[str, Spent]:
    by_outcome: dict[str, list[TrialRecord]] = {}
    for one in tried:
        by_outcome.setdefault(one.outcome, []).append(one.trial)
    own = {one.trial.key for one in tried}
    by_outcome["again"] = [one for one in run.every if one.key not in own]
    order = ("finished", "pruned", "diverged", "failed", "stopped", "again")
    return {
        outcome: Spent(
            len(trials), sum(t.epochs for t in trials), math.fsum(t.seconds for t in trials)
        )
        for outcome in order
        if (trials := by_outcome.get(outcome))
    }


def _agreements(tried: Sequence[Tried], metric: str) -> list[Agreement]:
    curves = [
        {int(line["epoch"]): line[metric] for line in one.trial.lines if metric in line}
        for one in tried
        if one.outcome == "finished" and one.value is not None
    ]
    last = max((max(curve, default=0) for curve in curves), default=0)
    told, rung = [], first_rung(last)
    while rung < last:
        there = [(curve[rung], curve[max(curve)]) for curve in curves
                 if rung in curve and rung < max(curve)]  # fmt: skip
        told.append(Agreement(rung, len(there), _correlation(there)))
        rung *= ETA
    return told


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < LEAST or any(len({*values}) < 2 for values in zip(*pairs, strict=True)):
        return None
    from scipy.stats import spearmanr  # two seconds to import, for every run that has no search

    return float(spearmanr(np.array(pairs)).statistic)


def _points(tried: Sequence[Tried], mode: str) -> list[Point]:
    """Finished ones before pruned ones, of these whatever came further first, then what diverged.

    That is how a search itself takes them, Optuna's TPE.
    """
    order = {"finished": 0, "pruned": 1, "diverged": 2}

    def rank(one: Tried) -> tuple[float, ...]:
        value = math.inf if one.value is None else -SIGN[mode] * one.value
        if one.outcome == "diverged":
            return (2,)
        return order[one.outcome], -one.trial.epochs if one.outcome == "pruned" else 0, value

    places = {rank: place for place, rank in enumerate(sorted({rank(one) for one in tried}))}
    return [Point(one.trial.settings, one.trial.tuned, places[rank(one)]) for one in tried]
