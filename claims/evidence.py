"""The trials that a claim is about, and how far two variants lie apart in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from claims import statistics, tuned
from claims.measures import ACCURACY, Measure
from claims.needs import Missing, Needs, Unfinished
from claims.same_images import right_of_both
from claims.statistics import Difference
from runs.record import TrialAsked, TrialRecord
from runs.run import Run
from runs.variants import Variant

Pairs = Sequence[tuple[TrialRecord, TrialRecord]]
SEEDS = 3  # that are asked for at least: fewer can hardly show anything


def select(run: Run, sweep: str, settings: Mapping[str, object]) -> dict[int, TrialRecord]:
    """The finished trials, by seed, of the one variant of a sweep with these settings.

    Raises Missing if there is none, or several that the run's tuned setting does not decide, and
    Unfinished if no trial of it finished.
    """
    fits = fitting(run, sweep, settings)
    named = spelt(settings)
    if not fits:
        raise Missing(f"the run has no {named} in sweep {sweep}", _lacking(run, sweep, settings))
    variants = [variant for variant in fits if variant.finished]
    tune = run.study.tune_each
    if len(variants) > 1 and tune:
        variants = tuned.own_variants(variants, tune, run.study.metric, run.study.mode)
    if not variants:
        trials = [trial for variant in fits for trial in variant.trials]
        lost = all(trial.diverged for trial in trials)
        needs = Needs(hopeless=True) if lost else Needs(end=True)
        raise Unfinished(f"no trial of {named} finished: {trials[0].reason}", needs)
    if len(variants) > 1:
        names = ", ".join(variant.label(sweep) for variant in variants)
        raise Missing(f"{named} is said of {len(variants)} variants: {names}")
    return {trial.seed: trial for trial in variants[0].finished}


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


def pairs(run: Run, sweep: str, of: Mapping[str, object], to: Mapping[str, object]) -> Pairs:
    """The trials of two variants, seed by seed where both finished.

    Raises Missing where one seed is what is left of several: what is said of one seed that could be
    chosen is not what would be said of all.
    """
    first, second = select(run, sweep, of), select(run, sweep, to)
    both = sorted(first.keys() & second.keys())
    trials = [t for one in (of, to) for variant in fitting(run, sweep, one) for t in variant.trials]
    seeds = {trial.seed for trial in trials}
    # Stopped and failed trials can still end well; of those that diverged, other seeds may.
    open_ended = not all(trial.ended for trial in trials)
    needs = Needs(end=True) if open_ended else Needs(seeds=max(SEEDS, len(seeds) + 1))
    if not both:
        raise Missing("no seed finished in both", needs)
    if len(both) == 1 < len(seeds):
        raise Missing(f"of {len(seeds)} seeds only seed {both[0]} finished in both", needs)
    return [(first[seed], second[seed]) for seed in both]


def effect(both: Pairs, on: Measure, confidence: float) -> Difference:
    """The mean difference of a number: over seeds, or of one seed over test images.

    Raises Missing where one seed is all there is of what images do not tell, and where the seeds
    all differ by the same, which leaves no spread to judge by.
    """
    of = [on.of(own, (own, other)) for own, other in both]
    to = [on.of(other, (own, other)) for own, other in both]
    if len(both) == 1:
        if on != ACCURACY:
            raise Missing("one seed has no spread to judge by", Needs(seeds=SEEDS))
        right = right_of_both(*both[0])
        if right is None:
            why = "one seed, and no predictions of the same test images"
            raise Missing(why, Needs(seeds=SEEDS))
        return statistics.bootstrap_difference(*right, confidence)
    if np.ptp(np.subtract(of, to)) < 1e-12:
        gap = on.scale * (of[0] - to[0])
        said = f"all {len(both)} seeds differ by the same {gap:+.3g} {on.unit}".rstrip()
        raise Missing(said, Needs(seeds=len(both) + 1))
    return statistics.difference(of, to, confidence)


def detectable(both: Pairs, on: Measure) -> float:
    """The true difference that a test of this many seeds or images finds 4 times in 5."""
    if len(both) > 1:
        gaps = [on.of(own, (own, other)) - on.of(other, (own, other)) for own, other in both]
        return statistics.smallest_detectable(gaps)
    right = right_of_both(*both[0])
    assert right is not None  # of one seed, the effect is over images
    apart = float(np.mean(right[0] != right[1]))
    return 2.8 * float(np.sqrt(apart / len(right[0])))  # 1.96 + 0.84: 5 % two-sided, power 80 %


def spelt(settings: Mapping[str, object]) -> str:
    """For people: "loss=center alpha=0.1"."""
    return " ".join(f"{name}={value}" for name, value in settings.items())


def left_out(
    run: Run, sweep: str, chosen: Sequence[Mapping[str, object]], effect: Difference
) -> str:
    """Which trials of these variants have no part in an effect, as a sentence, or ""."""
    own = [t for one in chosen for variant in fitting(run, sweep, one) for t in variant.trials]
    others = [f"{run.name(trial)} {trial.status}" for trial in own if not trial.finished]
    said = f"Left out: {', '.join(others)}." if others else ""
    if not effect.over_seeds:
        said = f"One seed: says nothing of how another would end. {said}"
    return said.strip()
