"""The trials that a claim is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claims import tuned
from claims.deaths import Deaths, dead, deaths
from claims.looks import FIRST, blocks
from claims.needs import Missing, Needs, Unfinished
from runs.once import once
from runs.record import TrialAsked, TrialRecord
from runs.run import Run
from runs.variants import Variant

SEEDS = FIRST  # that are asked for at least: fewer can hardly show anything


@dataclass(frozen=True, eq=False)
class Sample:
    """A variant as a claim sees it.

    name: what the claim calls it.
    variant: which one it is.
    trials: those of the seeds that all of the sweep was to have.
    ended: those of them whose outcome is known, by seed; one that draws nothing has every seed.
    trained: those of them that did not die.
    deaths: how many did.
    draws: whether the seed decides anything of it.
    """

    name: str
    variant: Variant
    trials: Sequence[TrialRecord]
    ended: Mapping[int, TrialRecord]
    trained: Mapping[int, TrialRecord]
    deaths: Deaths
    draws: bool = True


@once  # every comparison of a sweep asks for all of its variants
def sample(run: Run, sweep: str, variant: Variant, name: str) -> Sample:
    """What a claim on a sweep sees of a variant: the seeds that all of the sweep has.

    name: what the claim calls it.
    """
    fixed, may_diverge, listed = _listed(run, sweep)
    listed = listed or frozenset(trial.seed for trial in variant.trials)
    draws = not all(trial.key in fixed for trial in variant.trials)
    trials = [trial for trial in variant.trials if not draws or trial.seed in listed]
    if draws:
        ended = {trial.seed: trial for trial in trials if trial.ended}
    else:
        ended = {seed: trial for seed in sorted(listed) for trial in trials if trial.ended}
    trained = {seed: trial for seed, trial in ended.items() if not dead(trial)}
    died = replace(deaths(name, trials, may_diverge), draws=draws)
    return Sample(name, variant, trials, ended, trained, died, draws)


@once
def _listed(run: Run, sweep: str) -> tuple[frozenset[str], frozenset[str], frozenset[int]]:
    """Keys of trials that draw nothing, and that may diverge; the seeds a sweep was to have."""
    fixed = frozenset(trial.key for trial in run.study.compared if not trial.draws)
    may_diverge = frozenset(trial.key for trial in run.study.compared if trial.may_diverge)
    return fixed, may_diverge, blocks(run.study, sweep)


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
        for trial in run.study.compared
        if sweep in trial.sweeps
        if all(trial.settings.get(name) == value for name, value in settings.items())
    ]


def fitting(run: Run, sweep: str, settings: Mapping[str, object]) -> list[Variant]:
    """All variants of a sweep with these settings, however they ended, without controls."""
    return [v for v in run.variants if sweep in v.sweeps and v.has(settings)]


def neighbours(run: Run, sweep: str, samples: Sequence[Sample]) -> list[Sample]:
    """The other variants of a sweep, that may share their spread over seeds with these."""
    apart = [one.variant for one in samples]
    return [one for one in _finished(run, sweep) if one.variant not in apart]


@once
def _finished(run: Run, sweep: str) -> list[Sample]:
    """The variants of a sweep that finished, each at its own tuned setting."""
    there = [one for one in run.variants if sweep in one.sweeps and one.finished]
    if run.study.tune_each:
        there = tuned.own_variants(there, run.study.tune_each, run.study.metric, run.study.mode)
    return [sample(run, sweep, variant, "") for variant in there]


def spelt(settings: Mapping[str, object]) -> str:
    """For people: "loss=center alpha=0.1"."""
    return " ".join(f"{name}={value}" for name, value in settings.items())


def left_out(run: Run, samples: Sequence[Sample]) -> str:
    """Which trials of these variants have no part in an effect, as a sentence, or ""."""
    trials = [trial for one in samples for trial in one.trials]
    lost = [f"{run.name(trial)} {trial.status}" for trial in trials if not trial.ended]
    return f"Left out: {', '.join(lost)}." if lost else ""
