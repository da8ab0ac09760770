"""How much each setting decides whether a trial of a search is among its best: PED-ANOVA.

Watanabe, Bansal and Hutter, PED-ANOVA, IJCAI 2023 (arXiv 2304.10255): a setting matters as far as
the density of its values among the best trials differs from that among all, by their Pearson
divergence. Densities are estimated on a grid, as Optuna's PedAnovaImportanceEvaluator does, which
comes to the same numbers; of a setting that only some trials have, over these, weighed as in
Conditional PED-ANOVA (arXiv 2601.20800).

It needs no more than which trials are the best. So those that were pruned or diverged are in it,
where Optuna takes finished ones alone: what makes a trial end early would seem to decide nothing,
since all that are left have it alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from runs.ranges import Range

TOP = 0.25  # of the trials are the best ones
STEPS = 50  # of a grid, at most
LEAST = 10  # trials; of fewer nothing is told
RESAMPLES = 200
SPREAD = 0.8  # of the resamples lie within an interval
CHANCE = 0.9  # of settings without effect stay below what is told as chance
TINY = 1e-12

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """One trial of a search.

    values: of the settings that it has.
    ranges: of those that were drawn; of any other, what was listed are the values of all trials.
    place: 0 for the best, one more for each that is worse; equal ones have the same.
    """

    values: Mapping[str, Any]
    ranges: Mapping[str, Range]
    place: int


@dataclass(frozen=True)
class Weight:
    """How much a setting decides, as a share of what all do: 0 to 1.

    share: of the trials as they are.
    median, low, high: over resamples of the trials, and the ends of the middle 80 %.
    chance: what the share stays below nine times in ten where places are shuffled among trials, so
        that no setting has an effect.
    trials: how many have it.
    """

    share: float
    median: float
    low: float
    high: float
    chance: float
    trials: int

    @property
    def stands_out(self) -> bool:
        """Whether chance alone would hardly do this."""
        return self.share > self.chance


def weights(points: Sequence[Point], names: Sequence[str]) -> dict[str, Weight]:
    """The weight of each setting that differs between trials, the greatest first.

    {} of fewer trials than LEAST, and where all are equally good. The random numbers are the same
    each time.

    names: of settings, in an order that equals are told in.
    """
    if len(points) < LEAST or len({point.place for point in points}) < 2:
        return {}
    columns = {name: column for name in names if (column := _column(points, name)).differs}
    if not columns:
        return {}
    places = np.array([point.place for point in points])
    random, count = np.random.default_rng(0), len(points)
    own, once = [*columns.values()], np.ones(count, dtype=int)
    resampled, shuffled = [], []
    for _ in range(RESAMPLES):
        drawn = np.bincount(random.integers(count, size=count), minlength=count)
        resampled.append(_shares(own, places, drawn))
        shuffled.append(_shares(own, random.permutation(places), once))
    ends = (0.5, 0.5 - SPREAD / 2, 0.5 + SPREAD / 2)
    numbers = np.vstack(
        [
            _shares(own, places, once),
            np.quantile(np.array(resampled), ends, axis=0),
            np.quantile(np.array(shuffled), CHANCE, axis=0),
        ]
    )
    told = {
        name: Weight(*map(float, numbers[:, place]), trials=column.trials)
        for place, (name, column) in enumerate(columns.items())
    }
    return dict(sorted(told.items(), key=lambda one: -one[1].median))


def importances(points: Sequence[Point], names: Sequence[str]) -> dict[str, float]:
    """What Optuna calls the importance of each setting, of these trials as they are; 0 for none."""
    places, once = np.array([point.place for point in points]), np.ones(len(points), dtype=int)
    return {name: _importance(_column(points, name), places, once) for name in names}


@dataclass(frozen=True)
class _Regime:
    """Trials that have a setting from one range, or listed values.

    members: which.
    cells: of the grid, of each of these.
    size: of the grid.
    ordered: whether it is one, and not a list.
    """

    members: Integers
    cells: Integers
    size: int
    ordered: bool


@dataclass(frozen=True)
class _Column:
    regimes: Sequence[_Regime]

    @property
    def trials(self) -> int:
        return sum(len(one.members) for one in self.regimes)

    @cached_property
    def differs(self) -> bool:
        return any(len(np.unique(one.cells)) > 1 for one in self.regimes)


def _column(points: Sequence[Point], name: str) -> _Column:
    found: dict[Range | None, list[int]] = {}
    for at, point in enumerate(points):
        if name in point.values:
            found.setdefault(_numbers(point, name), []).append(at)
    regimes = []
    for drawn, members in found.items():
        values = [points[at].values[name] for at in members]
        if drawn is None:
            listed = [*dict.fromkeys(map(repr, values))]
            cells, size = [listed.index(repr(value)) for value in values], len(listed)
            options = {choice for at in members for choice in _choices(points[at], name)}
            size = max(size, len(options))
        else:
            size = _cells(drawn)
            step = 1.0 / (size - 1)
            cells = [
                min(max(math.ceil(drawn.share(value) / step - 0.5), 0), size - 1)
                for value in values
            ]
        regimes.append(_Regime(np.array(members), np.array(cells), size, drawn is not None))
    return _Column(regimes)


def _numbers(point: Point, name: str) -> Range | None:
    """The range of numbers that it was drawn from; None where its values are listed."""
    drawn = point.ranges.get(name)
    return None if drawn is None or drawn.choices or drawn.low >= drawn.high else drawn


def _choices(point: Point, name: str) -> tuple[str, ...]:
    drawn = point.ranges.get(name)
    return () if drawn is None else tuple(map(repr, drawn.choices))


def _cells(drawn: Range) -> int:
    """Of the grid of a range: no more than it has values."""
    if drawn.whole and drawn.log:
        return min(STEPS, math.ceil(math.log2(drawn.high - drawn.low + 1)) + 1)
    step = drawn.step or (1.0 if drawn.whole else None)
    if step is None or drawn.log:
        return STEPS
    return min(STEPS, round((drawn.high - drawn.low) / step) + 1)


def _shares(columns: Sequence[_Column], places: Integers, times: Integers) -> Floats:
    own = np.array([_importance(column, places, times) for column in columns])
    total = own.sum()
    return own / total if total > 0 else own


def _importance(column: _Column, places: Integers, times: Integers) -> float:
    """times: how often each trial counts."""
    every = int(times.sum())
    order = np.argsort(places, kind="stable")
    last = order[np.searchsorted(np.cumsum(times[order]), math.ceil(TOP * every))]
    top = np.where(places <= places[last], times, 0)
    best, whole = int(top.sum()), 0.0
    for one in column.regimes:
        here, above = times[one.members], top[one.members]
        if one.size > 1 and here.sum() >= 2 and above.any():
            ratio = (above.sum() / best) ** 2 / (here.sum() / every)
            dense, base = (_density(one, counts) + TINY for counts in (above, here))
            whole += ratio * float(base @ (dense / base - 1.0) ** 2)
    return whole * (best / every) ** 2


def _density(one: _Regime, times: Integers) -> Floats:
    """A Parzen estimate on the grid, with a prior that counts as one trial."""
    counts = np.bincount(one.cells, weights=times, minlength=one.size)
    seen = np.flatnonzero(counts)
    weights = np.append(counts[seen], 1.0)
    if one.ordered:
        widths = np.append(np.full(len(seen), _width(seen, counts[seen])), float(one.size))
        kernels = _kernels(np.append(seen, (one.size - 1) / 2), widths, one.size)
    else:
        kernels = np.full((len(seen) + 1, one.size), 1.0 / (len(seen) + 1))
        kernels[np.arange(len(seen)), seen] += 1.0
        kernels /= kernels.sum(axis=1, keepdims=True)
    return np.asarray(weights / weights.sum() @ kernels, dtype=np.float64)


def _width(seen: Integers, counts: Floats) -> float:
    """Scott's rule (Multivariate Density Estimation, 1992), in cells."""
    total, cumulated = counts.sum(), np.cumsum(counts)
    mean = seen @ counts / total
    deviation = math.sqrt((seen - mean) ** 2 @ counts / max(1.0, total - 1.0))
    first = np.searchsorted(cumulated, total // 4, side="left")
    third = np.searchsorted(cumulated, total * 3 // 4, side="right")
    quartiles = seen[min(len(seen) - 1, third)] - seen[first]
    return max(1.059 * min(quartiles / 1.34, deviation) * float(total) ** -0.2, 0.5 / 1.64)


def _kernels(centers: Floats, widths: Floats, size: int) -> Floats:
    """Normal ones, cut off at the ends of the grid: (centers, size)."""
    edges = (np.arange(size + 1) - 0.5 - centers[:, None]) / widths[:, None]
    below = ndtr(edges)
    return np.asarray(np.diff(below, axis=1) / (below[:, -1:] - below[:, :1]), dtype=np.float64)
