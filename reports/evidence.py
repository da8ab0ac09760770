"""The trials that a claim is about, and how far two variants lie apart in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reports import statistics, tuned
from reports.claims import ACCURACY
from reports.comparisons import predicted
from reports.measures import Measure, Missing, Unfinished
from reports.run import Run, Trial
from reports.statistics import Difference

Pairs = Sequence[tuple[Trial, Trial]]


def select(run: Run, sweep: str, settings: Mapping[str, object]) -> dict[int, Trial]:
    """The finished trials, by seed, of the one variant of a sweep with these settings.

    Raises Missing if there is none, or several that the run's tuned setting does not decide, and
    Unfinished if no trial of it finished.
    """
    fits = fitting(run, sweep, settings)
    named = spelt(settings)
    if not fits:
        raise Missing(f"the run has no {named} in sweep {sweep}")
    variants: dict[str, list[Trial]] = {}
    for trial in fits:
        if trial.finished:
            variants.setdefault(trial.variant, []).append(trial)
    tune = run.study.get("tune_each")
    if len(variants) > 1 and tune:
        own = tuned.own_variants(variants, tune, run.study["metric"], run.study["mode"])
        variants = {name: variants[name] for name in own}
    if not variants:
        why = str(fits[0].reason).partition(", with {")[0]
        raise Unfinished(f"no trial of {named} finished: {why}")
    if len(variants) > 1:
        raise Missing(f"{named} is said of {len(variants)} variants: {', '.join(variants)}")
    (trials,) = variants.values()
    return {trial.seed: trial for trial in trials}


def fitting(run: Run, sweep: str, settings: Mapping[str, object]) -> list[Trial]:
    """All trials of a sweep with these settings, however they ended, without controls."""
    return [
        trial
        for trial in run.trials
        if sweep in trial.sweeps and not trial.control and trial.has(settings)
    ]


def pairs(run: Run, sweep: str, of: Mapping[str, object], to: Mapping[str, object]) -> Pairs:
    """The trials of two variants, seed by seed where both finished.

    Raises Missing where one seed is what is left of several: what is said of one seed that could be
    chosen is not what would be said of all.
    """
    first, second = select(run, sweep, of), select(run, sweep, to)
    both = sorted(first.keys() & second.keys())
    if not both:
        raise Missing("no seed finished in both")
    asked = {trial.seed for one in (of, to) for trial in fitting(run, sweep, one)}
    if len(both) == 1 < len(asked):
        raise Missing(f"of {len(asked)} seeds only seed {both[0]} finished in both")
    return [(first[seed], second[seed]) for seed in both]


def effect(both: Pairs, on: Measure, confidence: float) -> Difference:
    """The mean difference of a number: over seeds, or of one seed over test images.

    Raises Missing where one seed is all there is of what images do not tell, and where the seeds
    all differ by the same, which leaves no spread to judge by.
    """
    of = [on.of(own, (own, other)) for own, other in both]
    to = [on.of(other, (own, other)) for own, other in both]
    if len(both) == 1:
        own, other = (predicted(trial) for trial in both[0])
        if on != ACCURACY:
            raise Missing("one seed has no spread to judge by")
        if own is None or other is None or not np.array_equal(own[0], other[0]):
            raise Missing("one seed, and no predictions of the same test images")
        right = own[1] == own[0], other[1] == other[0]
        return statistics.bootstrap_difference(*right, confidence)
    if np.ptp(np.subtract(of, to)) < 1e-12:
        gap = on.scale * (of[0] - to[0])
        raise Missing(f"all {len(both)} seeds differ by the same {gap:+.3g} {on.unit}".rstrip())
    return statistics.difference(of, to, confidence)


def detectable(both: Pairs, on: Measure) -> float:
    """The true difference that a test of this many seeds or images finds 4 times in 5."""
    if len(both) > 1:
        gaps = [on.of(own, (own, other)) - on.of(other, (own, other)) for own, other in both]
        return statistics.smallest_detectable(gaps)
    own, other = (predicted(trial) for trial in both[0])
    assert own is not None and other is not None
    apart = float(np.mean((own[1] == own[0]) != (other[1] == other[0])))
    return 2.8 * float(np.sqrt(apart / len(own[0])))  # 1.96 + 0.84: 5 % two-sided, power 80 %


def spelt(settings: Mapping[str, object]) -> str:
    """ "loss=center alpha=0.1" """
    return " ".join(f"{name}={value}" for name, value in settings.items())
