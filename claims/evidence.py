"""The trials that a claim is about, and how far variants lie apart in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from claims import tuned
from claims.deaths import Deaths, chance, dead, deaths
from claims.looks import blocks
from claims.measures import Measure
from claims.needs import LearntNothing, Missing, Needs, Uncounted, Unfinished
from claims.statistics.contrast import spread_of
from claims.statistics.interval import Difference, Spread, interval
from runs.record import TrialAsked, TrialRecord
from runs.run import Run
from runs.variants import Variant

SEEDS = 3  # that are asked for at least: fewer can hardly show anything


@dataclass(frozen=True, eq=False)
class Sample:
    """A variant as a claim sees it.

    name: what the claim calls it.
    variant: which one it is.
    trials: those of the seeds that all of the sweep was to have.
    ended: those of them whose outcome is known, by seed.
    trained: those of them that did not die.
    deaths: how many did.
    """

    name: str
    variant: Variant
    trials: Sequence[TrialRecord]
    ended: Mapping[int, TrialRecord]
    trained: Mapping[int, TrialRecord]
    deaths: Deaths


def sample(run: Run, sweep: str, variant: Variant, name: str) -> Sample:
    """What a claim on a sweep sees of a variant: the seeds that all of the sweep has.

    name: what the claim calls it.
    """
    listed = blocks(run.study, sweep) or {trial.seed for trial in variant.trials}
    trials = [trial for trial in variant.trials if trial.seed in listed]
    ended = {trial.seed: trial for trial in trials if trial.ended}
    trained = {seed: trial for seed, trial in ended.items() if not dead(trial)}
    may_diverge = [trial.key for trial in run.study.trials if trial.may_diverge]
    return Sample(name, variant, trials, ended, trained, deaths(name, trials, may_diverge))


def select(run: Run, sweep: str, settings: Mapping[str, object]) -> Sample:
    """The one variant of a sweep with these settings.

    Raises Missing if there is none, or several that the run's tuned setting does not decide, and
    Unfinished if no trial of it ended.
    """
    fits = fitting(run, sweep, settings)
    named = spelt(settings)
    if not fits:
        raise Missing(f"the run has no {named} in sweep {sweep}", _lacking(run, sweep, settings))
    variants = [variant for variant in fits if any(trial.ended for trial in variant.trials)]
    if not variants:
        first = fits[0].trials[0]
        raise Unfinished(f"no trial of {named} finished: {first.reason}", Needs(end=True))
    tune = run.study.tune_each
    if len(variants) > 1 and tune:
        own = tuned.own_variants(variants, tune, run.study.metric, run.study.mode)
        variants = own or variants[:1]
    if len(variants) > 1:
        names = ", ".join(variant.label(sweep) for variant in variants)
        raise Missing(f"{named} is said of {len(variants)} variants: {names}")
    return sample(run, sweep, variants[0], named)


def _lacking(run: Run, sweep: str, settings: Mapping[str, object]) -> Needs:
    """A sweep that did not run, trials that have not begun, or settings that had other values."""
    if sweep not in run.sweeps:
        return Needs(sweeps=frozenset({sweep}))
    if asked(run, sweep, settings):
        return Needs(end=True)
    return Needs(free=frozenset(settings))


def asked(run: Run, sweep: str, settings: Mapping[str, object]) -> list[TrialAsked]:
    """What the run was to have of a sweep with these settings, whether it has begun or not."""
    return [
        trial
        for trial in run.study.trials
        if sweep in trial.sweeps
        if all(trial.settings.get(name) == value for name, value in settings.items())
    ]


def fitting(run: Run, sweep: str, settings: Mapping[str, object]) -> list[Variant]:
    """All variants of a sweep with these settings, however they ended, without controls."""
    return [v for v in run.variants if sweep in v.sweeps and v.has(settings)]


def neighbours(run: Run, sweep: str, samples: Sequence[Sample]) -> list[Sample]:
    """The other variants of a sweep, that may share their spread over seeds with these."""
    there = [variant for variant in run.variants if sweep in variant.sweeps and variant.finished]
    if run.study.tune_each:
        there = tuned.own_variants(there, run.study.tune_each, run.study.metric, run.study.mode)
    known = [one.variant for one in samples]
    return [sample(run, sweep, variant, "") for variant in there if variant not in known]


@dataclass(frozen=True)
class Estimate:
    """A weighted sum of variants' means, and what its errors are made of.

    value: in the measure's own unit.
    spread: of its errors.
    apart: places of the samples whose own spread over seeds is in it, not that of their sweep.
    counted: whether networks that died are in it, at what they have: chance, or never.
    seeds, images: over how many, images None where nothing is known of others.
    possible: the values that it can have.
    """

    value: float
    spread: Spread
    apart: frozenset[int]
    counted: bool
    seeds: int
    images: int | None
    possible: tuple[float, float]

    def interval(self, alpha: float, comparisons: int = 1, share: float = 1.0) -> Difference:
        """With the interval that errs with probability alpha.

        comparisons, share: of the family that it belongs to, as `Spread` has them.
        """
        spread = replace(self.spread, comparisons=comparisons, share=share)
        return interval(self.value, spread, alpha, self.seeds, self.images, self.possible)


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
        images = self._images([o for o, w in zip(self.samples, weights, strict=True) if w])
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
        return Estimate(value, spread, apart, self.counted, seeds, known, (low, high))

    def _spread(
        self,
        values: Sequence[Sequence[float]],
        weights: npt.NDArray[np.float64],
        images: Sequence[Sequence[npt.NDArray[np.float64]]] | None,
    ) -> tuple[Spread, frozenset[int]]:
        """What the errors of a weighted sum are made of, and which samples' own spread is in it.

        Where networks died of what has a weight, each seed's sum is one number, and their spread is
        that of the sum: no other variant's, nor that of a row at chance, tells how sure it is.
        """
        died = frozenset(place for place, one in enumerate(self.samples) if one.deaths.dead)
        used = np.flatnonzero(weights)
        if died & {*used}:
            size = float(np.linalg.norm(weights))
            shares = weights[used] / size
            both = None
            if images is not None:
                both = [np.tensordot(shares, np.asarray(images, np.float64), 1)]
            spread, _ = spread_of([shares @ np.asarray(values)[used]], [size], both)
            return spread, died
        kept = [place for place in range(len(values)) if place not in died]
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
        rows = []
        for one in self.others:
            if not one.deaths.dead and set(self.seeds) <= set(one.trained):
                with suppress(Missing):
                    rows.append(self._values(one))
        # One that never changes, as where no seed gets to a level, has no spread to share.
        return [row for row in rows if np.ptp(row) > 0.0]

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
    alone where the other has no seed.

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
    return sorted(set.intersection(*(set(trials(one)) for one in samples)))


def one_network(first: Sample, second: Sample) -> bool:
    """Whether two variants predict the same, and measure the same on test, in every seed."""
    seeds = _common([first, second], lambda one: one.trained)
    return bool(seeds) and all(_same(first.trained[seed], second.trained[seed]) for seed in seeds)


def _same(one: TrialRecord, other: TrialRecord) -> bool:
    first, second = one.test_images, other.test_images
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


def spelt(settings: Mapping[str, object]) -> str:
    """For people: "loss=center alpha=0.1"."""
    return " ".join(f"{name}={value}" for name, value in settings.items())


def left_out(run: Run, samples: Sequence[Sample]) -> str:
    """Which trials of these variants have no part in an effect, as a sentence, or ""."""
    trials = [trial for one in samples for trial in one.trials]
    lost = [f"{run.name(trial)} {trial.status}" for trial in trials if not trial.ended]
    return f"Left out: {', '.join(lost)}." if lost else ""
