"""How far variants lie apart in a measure, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from claims.deaths import chance, dead
from claims.evidence import SEEDS, Sample, neighbours
from claims.measures import Measure
from claims.needs import LearntNothing, Missing, Needs, Uncounted
from claims.statistics.contrast import spread_of
from claims.statistics.interval import Difference, Spread, interval
from runs.record import TrialRecord
from runs.run import Run


@dataclass(frozen=True)
class Estimate:
    """A weighted sum of variants' means, and what its errors are made of.

    value: in the measure's own unit.
    spread: of its errors.
    apart: places of the samples whose own spread over seeds is in it, not that of their sweep.
    counted: whether networks that died are in it, at what they have: chance, or never.
    seeds, images: over how many, images None where nothing is known of others.
    possible: the values that it can have.
    drawn: whether the seed decides anything of it.
    """

    value: float
    spread: Spread
    apart: frozenset[int]
    counted: bool
    seeds: int
    images: int | None
    possible: tuple[float, float]
    drawn: bool = True

    def interval(self, alpha: float, comparisons: int = 1, share: float = 1.0) -> Difference:
        """With the interval that errs with probability alpha.

        comparisons, share: of the family that it belongs to, as `Spread` has them.
        """
        spread = replace(self.spread, comparisons=comparisons, share=share)
        found = interval(self.value, spread, alpha, self.seeds, self.images, self.possible)
        return replace(found, drawn=self.drawn)


@dataclass(frozen=True, eq=False)
class Way:
    """One way of looking at variants: over the seeds where all trained, or with networks that died.

    samples: the variants.
    seeds: those that all of them have.
    counted: whether networks that died are in it.
    on: the measure.
    rivals: the trained trials of all samples, at which it may look.
    chance: what is right by chance; None where that is unknown.
    finest: what one image makes; None where that is unknown, or the measure counts none.
    others: variants that may share their spread over seeds.
    """

    samples: Sequence[Sample]
    seeds: Sequence[int]
    counted: bool
    on: Measure
    rivals: Sequence[TrialRecord]
    chance: float | None
    finest: float | None
    others: Sequence[Sample]

    def values(self) -> list[list[float]]:
        """Of every sample, seed by seed."""
        return [self._values(one) for one in self.samples]

    def estimate(self, weights: Sequence[float]) -> Estimate:
        """A weighted sum of the samples' means.

        weights: which sum to 0 where there are several.

        Raises Missing where nothing tells how sure it is.
        """
        on, seeds = self.on, len(self.seeds)
        values = self.values()
        used = [one for one, weight in zip(self.samples, weights, strict=True) if weight]
        images, drawn = self._images(used), any(one.draws for one in used)
        if images is None and not drawn:
            raise Missing("nothing is drawn, and no values on the same test images are left")
        if seeds == 1 and images is None:
            raise Missing("one seed has no spread to judge by", Needs(seeds=SEEDS))
        spread, apart = self._spread(values, np.asarray(weights, np.float64), images)
        value = float(np.dot(weights, np.mean(values, axis=1)))
        if seeds > 1 and not spread.seeds and not spread.least and self.finest:
            # All alike, to an image: they are known no better than that.
            by_image = self.finest * float(np.linalg.norm(weights)) / math.sqrt(seeds)
            spread = replace(spread, seeds=by_image, df=seeds - 1.0)
        if seeds > 1 and not spread.seeds and not spread.least:
            said = f"all {seeds} seeds come to the same {on.scale * value:+.3g} {on.unit}".rstrip()
            raise Missing(said, Needs(seeds=seeds + 1))
        ends = [np.sort([weight * end for end in on.possible]) for weight in weights if weight]
        low, high = (float(sum(end[side] for end in ends)) for side in (0, 1))
        known = None if images is None else len(images[0][0])
        over = seeds if drawn else 1
        return Estimate(value, spread, apart, self.counted, over, known, (low, high), drawn)

    def _spread(
        self,
        values: Sequence[Sequence[float]],
        weights: npt.NDArray[np.float64],
        images: Sequence[Sequence[npt.NDArray[np.float64]]] | None,
    ) -> tuple[Spread, frozenset[int]]:
        """What the errors of a weighted sum are made of, and which samples' own spread is in it.

        Where networks died of what has a weight, each seed's sum is one number, and their spread is
        that of the sum: no other variant's, nor that of a row at chance, tells how sure it is. So
        it is where a variant draws nothing: its row never changes.
        """
        died = frozenset(place for place, one in enumerate(self.samples) if one.deaths.dead)
        fixed = frozenset(place for place, one in enumerate(self.samples) if not one.draws)
        used = frozenset(np.flatnonzero(weights).tolist())
        if (died | fixed) & used:
            size = float(np.linalg.norm(weights))
            places = sorted(used)
            shares = weights[places] / size
            both = None
            if images is not None:
                both = [np.tensordot(shares, np.asarray(images, np.float64), 1)]
            spread, _ = spread_of([shares @ np.asarray(values)[places]], [size], both)
            return spread, died | used if fixed & used and used - fixed else died
        kept = [place for place in range(len(values)) if place not in died | fixed]
        shared = self._shared() if len(values) > 1 else []
        rows = [*(values[place] for place in kept), *shared]
        spread, apart = spread_of(rows, [*weights[kept], *[0.0] * len(shared)], images)
        return spread, frozenset(kept[row] for row in apart)

    def _values(self, one: Sample) -> list[float]:
        return [self._value(one.ended[seed]) for seed in self.seeds]

    def _value(self, trial: TrialRecord) -> float:
        if not dead(trial):
            return self.on.of(trial, self.rivals)
        value = self.on.of_dead(self.chance, self.rivals)
        if value is None:
            raise Missing(f"{self.on.says} says nothing of a network that died")
        return value

    def _shared(self) -> list[list[float]]:
        """Values of the others that trained with all these seeds, and have the measure."""
        rows, seeds = [], set(self.seeds)
        for one in self.others:
            if not one.deaths.dead and seeds <= one.trained.keys():
                with suppress(Missing):
                    trials = [one.trained[seed] for seed in self.seeds]
                    rows.append([self.on.of(trial, self.rivals) for trial in trials])
        # One that never changes, as where no seed gets to a level, has no spread to share.
        return [row for row in rows if max(row) > min(row)]

    def _images(self, samples: Sequence[Sample]) -> list[list[npt.NDArray[np.float64]]] | None:
        """Values on the same test images, of each sample seed by seed; None where some lack.

        Those of a dead network are chance on every image.
        """
        labels = None
        images = []
        for one in samples:
            rows: list[npt.NDArray[np.float64] | None] = []
            for trial in (one.ended[seed] for seed in self.seeds):
                if dead(trial):
                    rows.append(None)
                    continue
                values, own = self.on.images(trial), self.on.labels(trial)
                if values is None or own is None:
                    return None
                if labels is not None and not np.array_equal(labels, own):
                    return None
                labels = own
                rows.append(values)
            images.append(rows)
        if labels is None or self.chance is None:
            return None
        constant = np.full(len(labels), self.chance)
        return [[constant if row is None else row for row in rows] for rows in images]


def ways(
    run: Run,
    samples: Sequence[Sample],
    on: Measure,
    others: Sequence[Sample] = (),
    least: int = 0,
) -> list[Way]:
    """Variants as they are where they trained, and with the dead where some died.

    The first is over the seeds where all trained. The second, where a seed of theirs died and the
    measure tells what a dead network has, is over all seeds that ended in all. One of them stands
    alone where the other has no seed. Where nothing is drawn, both are over one seed.

    others: variants that may share their spread over seeds.
    least: how many variants have to have trained for the first way; 0 for all.

    Raises Missing where neither can be had: what is said of one seed that could be chosen is not
    what would be said of all.
    """
    living = [one for one in samples if one.trained]
    if any(one.deaths.dead for one in samples) and not living:
        raise LearntNothing("these networks learnt nothing", _more_seeds(samples))
    rivals = [trial for one in samples for trial in one.trained.values()]
    level = chance([trial for one in samples for trial in one.ended.values()])
    finest = on.finest(run.study.dataset.get("counts") or {})
    seeds = {trial.seed for one in samples for trial in one.trials}
    found = []
    trained: list[int] = []
    if len(living) >= (least or len(samples)):
        trained = _common(living, lambda one: one.trained)
        if len(trained) > 1 or len(seeds) == len(trained):
            found.append(Way(living, trained, False, on, rivals, level, finest, others))
    everyone = _common(samples, lambda one: one.ended)
    more = len(everyone) > len(trained) or len(living) < len(samples)
    if everyone and more and on.of_dead(level, rivals) is not None:
        found.append(Way(samples, everyone, True, on, rivals, level, finest, others))
    if not found and more and not trained:
        raise Uncounted(f"networks died, which {on.says} does not count", _more_seeds(samples))
    if not found or max(len(way.seeds) for way in found) == 1 < len(seeds):
        count = "one alone is" if trained or found else "none is"
        said = f"of {len(seeds)} seeds {count} left in all that is compared"
        raise Missing(said, _more_seeds(samples))
    return found


def _more_seeds(samples: Sequence[Sample]) -> Needs:
    """Stopped and failed trials can still end well; where some seeds died, others may not."""
    trials = [trial for one in samples for trial in one.trials]
    if not all(trial.ended for trial in trials):
        return Needs(end=True)
    if not all(one.trained for one in samples):
        return Needs(hopeless=True)
    return Needs(seeds=max(SEEDS, len({trial.seed for trial in trials}) + 1))


def _common(
    samples: Sequence[Sample], trials: Callable[[Sample], Mapping[int, TrialRecord]]
) -> list[int]:
    seeds = sorted(set.intersection(*(set(trials(one)) for one in samples)))
    return seeds if any(one.draws for one in samples) else seeds[:1]


def apart(run: Run, sweep: str, of: Sample, to: Sample, on: Measure) -> list[Estimate]:
    """How far two variants of a sweep lie apart, of each of the `ways`.

    Raises Missing as these do, and where the two are one network.
    """
    if one_network(of, to):
        raise Missing("the same network: both predict the same in every seed")
    found = ways(run, (of, to), on, neighbours(run, sweep, (of, to)))
    return [way.estimate((1.0, -1.0)) for way in found]


def one_network(first: Sample, second: Sample) -> bool:
    """Whether two variants predict the same, and measure the same on test, in every seed."""
    seeds = _common([first, second], lambda one: one.trained)
    return bool(seeds) and all(_same(first.trained[seed], second.trained[seed]) for seed in seeds)


def _same(one: TrialRecord, other: TrialRecord) -> bool:
    first, second = one.hits, other.hits
    if first is None or second is None:
        return False
    names = {name for name in one.metrics if name.startswith("test/")} & set(other.metrics)
    return (
        np.array_equal(first.predicted, second.predicted)
        and np.array_equal(first.labels, second.labels)
        and all(_equal(one.metrics[name], other.metrics[name]) for name in names)
    )


def _equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
