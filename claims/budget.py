"""What tuning brought each variant, by how much was spent on it: facts, which others put in words.

A comparison of methods says little without the budget that each was tuned with: with fewer trials
another one may be ahead (Dodge et al., "Show Your Work", arXiv 1909.03004). So the best value is
told after every number of draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from claims.best import best_of, value_of
from claims.edges import Edge, edges
from claims.tuned import SIGN
from claims.units import POINTS, unit_of
from runs.ranges import Range
from runs.record import TrialAsked, TrialRecord
from runs.run import Run
from runs.variants import Variant, identity, variant_names

CLOSE = 0.01  # of a share, a point; of any other metric, that part of the best value
MULTIPLY_ADDS = "train/multiply_adds"  # by epoch


@dataclass(frozen=True)
class Over:
    """A number over blocks: mean, and the smallest and largest."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Over:
        """Of at least one value."""
        return cls(math.fsum(values) / len(values), min(values), max(values))


@dataclass(frozen=True, eq=False)
class Search:
    """What one variant drew in one block.

    block: the seed that what it found is trained with.
    asked: how many draws it was to have.
    draws: those that have begun, in their order.
    values: of each the last validation value; None of one that has none, since it diverged or
        failed.
    chosen: values of the tuned settings that were trained with seed `block`; {} without any.
    mode: "max" or "min", what is best.
    """

    block: int
    asked: int
    draws: Sequence[TrialRecord]
    values: Sequence[float | None]
    chosen: Mapping[str, Any]
    mode: str

    @property
    def ended(self) -> bool:
        """Whether no draw can still change what is best."""
        over = [draw for draw in self.draws if draw.status in ("finished", "failed")]
        return len(over) == self.asked

    def best(self, count: int | None = None) -> int | None:
        """Which of the first `count` draws is best, the first of equals; None: none has a value.

        count: None for all.
        """
        return best_of(self.values[:count], self.mode)

    def value(self, count: int | None = None) -> float | None:
        """The best validation value of the first `count` draws."""
        place = self.best(count)
        return None if place is None else self.values[place]

    def close(self, metric: str) -> int:
        """How many draws come within a point of the best, that one too."""
        best = self.value()
        if best is None:
            return 0
        room = CLOSE if unit_of(metric) is POINTS else CLOSE * abs(best)
        return sum(v is not None and abs(v - best) <= room + 1e-12 for v in self.values)


@dataclass(frozen=True, eq=False)
class Tuned:
    """What tuning one variant came to.

    ranges: what each of its tuned settings was drawn from.
    searches: a block each.
    best: after 1, 2, ... draws the best validation value, over the blocks that all variants have;
        None where one of these has no value yet.
    test: the value of that draw on test; None also where it was not measured.
    close: how many draws lie within a point of the best of their block; of searches that ended.
    drawn: of how many.
    diverged, failed: how many of all draws did, and have no value.
    trials, epochs, seconds: spent on draws and on what is compared, in all blocks.
    multiply_adds: likewise; None where no trial measured it.
    edges: best values that lie at an end.
    """

    ranges: Mapping[str, Range]
    searches: Sequence[Search]
    best: Sequence[Over | None]
    test: Sequence[Over | None]
    close: int
    drawn: int
    diverged: int
    failed: int
    trials: int
    epochs: int
    seconds: float
    multiply_adds: float | None
    edges: Sequence[Edge]

    @property
    def lost(self) -> list[int]:
        """Blocks whose search ended with nothing: no draw of it has a value."""
        return [one.block for one in self.searches if one.ended and one.best() is None]

    @property
    def unfinished(self) -> list[int]:
        """Blocks whose search has not ended."""
        return [one.block for one in self.searches if not one.ended]

    @property
    def chosen(self) -> dict[str, list[Any]]:
        """Setting to what was trained with, block by block; None where nothing was found."""
        return {name: [one.chosen.get(name) for one in self.searches] for name in self.ranges}


@dataclass(frozen=True, eq=False)
class Tuning:
    """What tuning brought the variants of a run.

    metric: what the best draw is chosen by.
    outcome: what it is also measured by, on test; the same as `metric` where there is no test.
    mode: "max" or "min", what is best.
    draws: how many a variant has in a block.
    blocks: those in which every variant's search ended and found something, variants aside of
        which none ever did. Values after n draws are over these.
    variants: those that are tuned, and have begun with what is compared.
    waiting: names of tuned variants that have not.
    """

    metric: str
    outcome: str
    mode: str
    draws: int
    blocks: Sequence[int]
    variants: Mapping[Variant, Tuned]
    waiting: Sequence[str] = ()

    @property
    def ended(self) -> bool:
        """Whether no search goes on."""
        return not self.waiting and not any(one.unfinished for one in self.variants.values())

    @cached_property
    def stands_from(self) -> int | None:
        """The number of draws from which on variants have the order that they have in the end.

        By their mean best validation value. None where fewer than two variants have one.
        """
        last = self.order(self.draws)
        if last is None:
            return None
        count = self.draws
        while count > 1 and self.order(count - 1) == last:
            count -= 1
        return count

    def order(self, count: int) -> list[Variant] | None:
        """Variants by mean best validation value after so many draws, the best first.

        None where one of those that end with such a value has none yet, or fewer than two do.
        """
        living = {v: one.best for v, one in self.variants.items() if one.best and one.best[-1]}
        means = {v: at.mean for v, best in living.items() if (at := best[count - 1])}
        if len(living) < 2 or len(means) < len(living):
            return None
        return sorted(means, key=lambda variant: -SIGN[self.mode] * means[variant])

    @cached_property
    def unequal(self) -> list[Variant]:
        """The variants that do not have the trials and epochs which most have; [] if all do."""
        spent = {v: (one.trials, one.epochs) for v, one in self.variants.items()}
        usual = max(spent.values(), key=[*spent.values()].count)
        return [variant for variant, own in spent.items() if own != usual]


def tuning(run: Run) -> Tuning | None:
    """What tuning brought; None of a run that tuned no variant, as a search does not."""
    searches = {} if run.study.asked.search else _searches(run)
    if not searches:
        return None
    asked = {identity(one): one for one in run.study.compared if one.among}
    draws = max(search.asked for own in searches.values() for search in own)
    found = [
        {search.block for search in own if search.ended and search.best() is not None}
        for own in searches.values()
    ]
    living = [blocks for blocks in found if blocks]
    common = sorted(set.intersection(*living)) if living else []
    variants = {
        variant: _tuned(run, variant, own, asked[identity(variant.trials[0])], common, draws)
        for variant, own in searches.items()
    }
    begun = {identity(variant.trials[0]) for variant in searches}
    names = variant_names(run.study.compared, run.study.sweeps)
    return Tuning(
        metric=run.study.metric,
        outcome=run.outcome,
        mode=run.study.mode,
        draws=draws,
        blocks=common,
        variants=variants,
        waiting=[names[one] for one in asked if one not in begun],
    )


def _searches(run: Run) -> dict[Variant, list[Search]]:
    """Of every variant that is tuned, by block."""
    known = {one.key: one for one in run.every}
    waiting: dict[str, list[TrialAsked]] = {}
    for one in run.study.compared:
        if one.among:
            waiting.setdefault(identity(one), []).append(one)
    searches = {}
    for variant in run.variants:
        own = sorted(waiting.get(identity(variant.trials[0]), ()), key=lambda one: one.seed)
        if own:
            searches[variant] = [_search(run, one, known) for one in own]
    return searches


def _search(run: Run, asked: TrialAsked, known: Mapping[str, TrialRecord]) -> Search:
    draws = [known[key] for key in asked.among if key in known]
    values = [value_of(draw, run.study.metric) for draw in draws]
    final = known.get(asked.key)
    has = final.settings if final else {}
    chosen = {name: has[name] for name in asked.tuned if name in has}
    return Search(asked.seed, len(asked.among), draws, values, chosen, run.study.mode)


def _tuned(
    run: Run,
    variant: Variant,
    searches: Sequence[Search],
    asked: TrialAsked,
    blocks: Sequence[int],
    most: int,
) -> Tuned:
    draws = [draw for one in searches for draw in one.draws]
    trials = [*draws, *(trial for trial in variant.trials if trial.among)]
    own = [one for one in searches if one.block in blocks and one.best() is not None]
    counts = range(1, most + 1)
    ended = [one for one in searches if one.ended]
    best = [one.draws[at].settings for one in ended if (at := one.best()) is not None]
    return Tuned(
        ranges=asked.tuned,
        searches=searches,
        best=[_over([one.value(count) for one in own], len(blocks)) for count in counts],
        test=[_over([_on(one, count, run) for one in own], len(blocks)) for count in counts],
        close=sum(one.close(run.study.metric) for one in ended),
        drawn=sum(one.asked for one in ended),
        diverged=sum(draw.diverged for draw in draws),
        failed=sum(draw.status == "failed" and not draw.diverged for draw in draws),
        trials=len(trials),
        epochs=sum(trial.epochs for trial in trials),
        seconds=math.fsum(trial.seconds for trial in trials),
        multiply_adds=_multiply_adds(trials),
        edges=list(edges(asked.tuned, best)),
    )


def _on(search: Search, count: int, run: Run) -> float | None:
    """The outcome, where it is another metric, of the draw that is best of the first ones."""
    place = search.best(count)
    if place is None or run.outcome == run.study.metric:
        return None
    return value_of(search.draws[place], run.outcome)


def _over(values: Sequence[float | None], blocks: int) -> Over | None:
    there = [value for value in values if value is not None]
    return Over.of(there) if there and len(there) == blocks else None


def _multiply_adds(trials: Iterable[TrialRecord]) -> float | None:
    counts = [line[MULTIPLY_ADDS] for one in trials for line in one.lines if MULTIPLY_ADDS in line]
    return math.fsum(counts) if counts else None
