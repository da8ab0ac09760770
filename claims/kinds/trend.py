"""A number rises or falls with a setting."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from claims.aim import Aim, small
from claims.estimates import Estimate, Way, ways
from claims.evidence import Sample, asked, fitting, neighbours, select, spelt
from claims.finding import Finding, Status
from claims.kinds.judging import TURNS, UNDECIDED, of_deaths, undecided, weighed
from claims.kinds.kind import Part, Selection, listed
from claims.measures import ACCURACY, Measure
from claims.needs import Missing, Needs, Unfinished, together
from claims.statistics.interval import Difference
from claims.statistics.several import holm
from claims.units import POINTS
from runs.run import Run

LEAST = 3  # values that make a trend
DOUBT = 0.25  # one-sided p-value below which a step against a trend leaves it open


class Trend(Part):
    """A number rises (or falls) with the order of a setting's values, which are numbers.

    among: those of the values that count, () for all.
    where: what else a variant must have.
    """

    RULE: ClassVar[str] = (
        "A trend is the slope over the values in their order, equally spaced: supported where its "
        "interval lies on the side that the claim names and no step between two values is likely "
        "to go the other way (one-sided p < 0.25); refuted the other way round; refuted in part "
        "where a step against it is clear beside one for it."
    )

    kind: Literal["trend"] = "trend"
    over: str
    on: Measure = ACCURACY
    rises: bool
    among: tuple[float, ...] = ()
    where: Selection = Field(default={})

    @property
    def says(self) -> str:
        """For people: "test/accuracy against beta1"."""
        return f"{self.on.says} against {self.over}"

    @property
    def wanted(self) -> str:
        """For people: "rising"."""
        return "rising" if self.rises else "falling"

    @property
    def counts_as(self) -> str:
        """For people: "test/accuracy against alpha, with alpha 0.1, 1 or 10, rising"."""
        limits = [f"with {spelt(self.where)}"] if self.where else []
        if self.among:
            values = listed([f"{value:g}" for value in self.among], "or")
            limits.append(f"with {self.over} {values}")
        return ", ".join([self.says, *limits, self.wanted])

    @property
    def compares(self) -> Collection[str]:
        """The setting that it goes with."""
        return [self.over]

    def selections(self) -> Iterator[Selection]:
        """Those of the values that are named."""
        for value in self.among:
            yield {self.over: value, **self.where}

    def settings(self) -> Iterator[tuple[str, Any]]:
        """The setting that it goes with, of no certain value, and what else is held."""
        yield self.over, None
        yield from self.where.items()

    def find(self, run: Run, alpha: float) -> Finding:
        """Its slope over the levels, and whether a step between two of them goes against it."""
        levels, lost = self._levels(run)
        samples = [*levels.values()]
        names = {one: level for level, one in levels.items()}
        judged = []
        for way in self._ways(run, samples):
            judged.append(self._judge(way, [names[one] for one in way.samples], alpha))
        first = judged[0]
        alike = len({one.status for one in judged}) == 1
        status, clause = (first.status, first.clause) if alike else (UNDECIDED, TURNS)
        counted = len(judged) > 1 or first.counted
        status, clause = weighed(
            status, clause, first.slope.seeds, samples, samples, counted, self.on
        )
        note = f"{first.means}{self._fewer(samples, first.slope.seeds)}"
        note += f" No trial finished at {', '.join(lost)}." if lost else ""
        finding = Finding(
            says=self.says,
            status=status,
            wanted=self.wanted,
            effect=first.slope,
            clause=clause,
            p_refuted=max(one.p_refuted for one in judged),
            scale=self.on.scale,
            unit=f"{self.on.unit} a level".strip(),
            detectable=first.slope.detectable if status == "undecided" else None,
            deaths=[one.deaths for one in samples],
            note=note,
        )
        died = of_deaths(replace(finding, status=UNDECIDED))
        return replace(finding, note=f"{note} {died}".strip())

    def aim(self, run: Run) -> Aim:
        """The slope, its ends a little apart, and the steps from value to value."""
        samples = [*self._levels(run)[0].values()]
        both = self._ways(run, samples)
        slopes = [_slope(way) for way in both]
        step, named = small(self.on, slopes[0])
        if self.on.unit == POINTS.word:
            step, named = step / (len(both[0].samples) - 1), f"its ends differ by {named}"
        else:
            named = f"its slope is {named or 'as in the earlier run'}"
        side, truth = ((0.0, None), step) if self.rises else ((None, 0.0), -step)
        return Aim(slopes, (side,), samples, samples, truth, named, [*map(_steps, both)])

    def _ways(self, run: Run, samples: Sequence[Sample]) -> list[Way]:
        others = neighbours(run, self.sweep, samples)
        return ways(run, samples, self.on, others=others, least=LEAST)

    def _judge(self, way: Way, levels: Sequence[float], alpha: float) -> _Judged:
        slope = _slope(way).interval(alpha)
        steps = _steps(way)
        along = 1.0 if self.rises else -1.0
        against = np.array([_one_sided(step, -along) for step in steps])
        forth = np.array([_one_sided(step, along) for step in steps])
        means = np.mean(way.values(), axis=1)
        status, clause, p = UNDECIDED, "", 1.0
        back = 2.0 * float(holm(against).min())
        ahead = 2.0 * float(holm(forth).min())
        clear = slope.p <= alpha
        rising = along * slope.estimate > 0.0
        if clear and rising and against.min() >= DOUBT:
            status = "supported"
        elif back <= alpha and (ahead <= alpha or (clear and rising)):
            status, p = "refuted in part", back
            clause = self._turn(levels, along * means)
        elif clear and not rising and forth.min() >= DOUBT:
            status, p = "refuted", slope.p
        elif clear:
            clause = "its slope is clear, but a step between two values may go against it"
        elif back <= alpha:  # refutes nothing by itself: one noisy value makes such a step
            clause = "a step between two values goes against it, but the slope is not clear"
        else:
            clause = undecided(slope, ((0.0, None),))
        said = ", ".join(f"{self.on.scale * mean:.3g}" for mean in means)
        values = ", ".join(f"{level:g}" for level in levels)
        return _Judged(
            status,
            clause,
            p,
            slope,
            way.counted,
            f"Means at {values}: {said} {self.on.unit}".strip(),
        )

    def _turn(self, levels: Sequence[float], means: npt.NDArray[np.float64]) -> str:
        """Where it goes the other way; means: those of a rise."""
        up, down = ("rises", "falls") if self.rises else ("falls", "rises")
        turn, last = int(np.argmax(means)), len(levels) - 1
        if turn == 0:  # what goes up again does so from where it is lowest
            turn, up, down = int(np.argmin(means)), down, up
        after = f", {down} after it" if turn < last else f", but {down} on the way"
        return f"{up} to {self.over} {levels[turn]:g}{after}"

    def _fewer(self, samples: Sequence[Sample], seeds: int) -> str:
        fewer = len({trial.seed for one in samples for trial in one.trials}) - seeds
        return f"; {fewer} seeds lack a value." if fewer > 0 else "."

    def _levels(self, run: Run) -> tuple[dict[float, Sample], Mapping[str, Needs]]:
        """The variants at every value, from the lowest; and values of which no trial ended.

        Raises Missing for values that are no numbers, and for fewer than three.
        """
        there = [variant.settings for variant in fitting(run, self.sweep, self.where)]
        tried = list(dict.fromkeys(one[self.over] for one in there if self.over in one))
        tried = [value for value in tried if self._counts(value)]
        if not all(isinstance(value, int | float) for value in tried):
            raise Missing(f"{self.over} is not a number in every variant")
        levels, lost = {}, {}
        for level in sorted(tried):
            try:
                levels[level] = select(run, self.sweep, {self.over: level, **self.where})
            except Unfinished as why:
                lost[f"{level:g}"] = why.needs
        if len(levels) < LEAST:
            said = f"a trend needs 3 values of {self.over}, and the run has {len(levels)}"
            raise Missing(said, self._needs_values(run, tried, len(levels), lost))
        return levels, lost

    def _needs_values(
        self, run: Run, tried: Sequence[float], there: int, lost: Mapping[str, Needs]
    ) -> Needs:
        values = {
            trial.settings[self.over]
            for trial in asked(run, self.sweep, self.where)
            if self.over in trial.settings
        }
        waiting = [value for value in values - {*tried} if self._counts(value)]
        if self.sweep not in run.sweeps:
            return Needs(sweeps=frozenset({self.sweep}))
        if there + len(waiting) >= LEAST:
            return Needs(end=True)
        if there + len(lost) >= LEAST:
            return together(lost.values())
        return Needs(free=frozenset({self.over, *self.where}))

    def _counts(self, value: float) -> bool:
        return not self.among or value in self.among


@dataclass(frozen=True)
class _Judged:
    """What one way of looking comes to; means as a sentence without its end."""

    status: Status
    clause: str
    p_refuted: float
    slope: Difference
    counted: bool
    means: str


def _slope(way: Way) -> Estimate:
    """Over the levels in their order, equally spaced."""
    places = np.arange(len(way.samples)) - (len(way.samples) - 1) / 2.0
    return way.estimate([*(places / (places @ places))])


def _steps(way: Way) -> list[Estimate]:
    """From each level to the next."""
    return [way.estimate([*row]) for row in np.diff(np.eye(len(way.samples)), axis=0)]


def _one_sided(step: Estimate, direction: float) -> float:
    """p-value of the step's not going in a direction, in [0, 1]."""
    half = step.spread.p(step.value) / 2.0
    return half if direction * step.value > 0.0 else 1.0 - half
