"""How likely claims are to be decided by so many seeds, told before these are trained.

A claim is decided where all of its parts are supported or, after Holm's correction, one is refuted,
as `claims.kinds.every` judges. The parts are taken as independent, of trends the slope alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from claims.aim import Aim, ends
from claims.claim import Claim
from claims.estimates import Estimate
from claims.finding import DECIDED, Finding
from claims.kinds.judging import weighed
from claims.kinds.kind import Part
from claims.looks import next_look, planned
from claims.needs import Missing, Needs
from claims.statistics.interval import Spread
from claims.statistics.odds import Odds, at_bound, odds
from claims.verdicts import Verdict
from runs.record import Look, StudyRecord
from runs.run import Run

SURE = 0.8  # that the true spread is on one side of a bound
FUTILE = 0.1  # a chance that is not worth more seeds


@dataclass(frozen=True)
class Chance:
    """Of being decided, in [0, 1].

    likely: with the spread as it was estimated.
    low, high: with the spread at its one-sided 80 % bounds, as it is known from few seeds only.
    """

    likely: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """What may come of a claim.

    supposing: what the truth is supposed to be, in words.
    chances: by number of seeds.
    """

    supposing: str
    chances: Mapping[int, Chance]


def forecast(claim: Claim, run: Run, alphas: Mapping[int, float]) -> Forecast:
    """What may come of a claim in a new run, if it is true, and its spread is that of another run.

    The estimate to come is normal around what the truth is supposed to be, and the square of its
    spread over seeds, of which its interval is made, has the chi-square distribution. That networks
    die is left out.

    run: the other one, with at least two seeds of what the claim is about, if that draws anything.
    alphas: the level at which it is judged, by number of seeds (>= 2).

    Raises Missing, saying what, if the run does not tell.
    """
    if claim.test.OVER_RUNS:
        raise Missing("it takes runs on two data sets", Needs(data_sets=True))
    aims = [part.aim(run) for part in claim.test.simple]
    if any(aim.estimates[0].seeds < 2 and aim.estimates[0].drawn for aim in aims):
        raise Missing("one seed has no spread")
    supposing = "; ".join(dict.fromkeys(aim.supposing for aim in aims))
    return Forecast(supposing, {seeds: _chance(aims, seeds, alphas[seeds]) for seeds in alphas})


def levels(seeds: Sequence[int], max_seeds: int | None = None) -> dict[int, float]:
    """The levels at which a new run is judged, by number of seeds.

    seeds: what it may have, each number at its first look.
    max_seeds: of a run that goes on until its claims are decided: its planned looks are told.
    """
    if max_seeds is None:
        looks = [next_look((), number, None) for number in seeds]
    else:
        looks = [*_planned((), max_seeds, max_seeds)]
    return {look.seeds: look.alpha for look in looks if look is not None}


def hopeless(verdict: Verdict, run: Run, max_seeds: int) -> bool:
    """Whether a claim that is not decided is not worth more seeds.

    It is not where the chance that the last look decides it, given what is known, is below 10 %
    (stochastic curtailment; Lachin, Statistics in Medicine 24, 2747, 2005). The new seeds' mean is
    taken as normal around the present one with the errors of both, which makes it the predictive
    power of Spiegelhalter, Freedman and Blackburn (Controlled Clinical Trials 7, 8, 1986), and the
    spread over seeds is at its lower one-sided 80 % bound: what is given up has little chance even
    so. Were the present mean the truth, or the spread at its upper bound, three seeds that happen
    to lie near a bound, or apart, would end many runs that more seeds decide. The images stay the
    same, so that nothing changes through them. Looks before the last are left out.

    A trend is refuted by a step against it, too, whose chance is told apart from that of the slope;
    that a step may also keep it open is left out.

    A part that was not tested has no chance if it lacks more than seeds; one with a single seed, or
    of which nothing can be said beforehand, may always be decided. Networks that died stay dead:
    what a part cannot become for them has no chance.

    max_seeds: the most that the run may have, >= 3.
    """
    if verdict.status in DECIDED:
        return False
    test = verdict.claim.test
    if test.OVER_RUNS or len(verdict.findings) != len(test.simple):
        return True  # other data sets are lacking, or trials that were stopped
    parts = zip(test.simple, verdict.findings, strict=True)
    left = [_left(*one, run, max_seeds, len(test.simple)) for one in parts]
    known = [one for one in left if one is not None]
    return len(known) == len(left) and _decided(known) < FUTILE


def _chance(aims: Sequence[Aim], seeds: int, alpha: float) -> Chance:
    def decided(sure: float | None) -> float:
        return _decided(_before(aim, seeds, alpha, len(aims), sure) for aim in aims)

    likely, bounds = decided(None), (decided(1.0 - SURE), decided(SURE))
    return Chance(likely, min(likely, *bounds), max(likely, *bounds))


def _decided(parts: Iterable[Odds]) -> float:
    """All parts supported, or one refuted, of which none excludes that of another part."""
    both = list(parts)
    all_inside = math.prod(one.inside for one in both)
    return all_inside + 1.0 - math.prod(1.0 - one.outside for one in both)


def _before(aim: Aim, seeds: int, alpha: float, parts: int, sure: float | None) -> Odds:
    """Of a part of so many, before anything is known but its spread, which is at a bound or not."""
    spread = _then(aim.estimates[0], seeds, sure)
    error = math.hypot(spread.seeds, spread.images)
    return odds(ends(aim.region), aim.truth, error, spread, alpha, alpha / parts)


def _then(estimate: Estimate, seeds: int, sure: float | None) -> Spread:
    """What the errors are truly made of with so many seeds.

    sure: how sure that over seeds is to be less, None for what it was estimated at.
    """
    if not estimate.drawn:
        return estimate.spread
    spread = estimate.spread.with_seeds(estimate.seeds, seeds)
    times = 1.0 if sure is None else at_bound(estimate.spread.df, sure)
    return replace(spread, seeds=times * spread.seeds)


def _left(part: Part, finding: Finding, run: Run, max_seeds: int, parts: int) -> Odds | None:
    """What may still come of a part, of so many; None where nothing tells."""
    more = max_seeds - len({trial.seed for trial in run.trials if part.sweep in trial.sweeps})
    if more <= 0:
        return Odds(0.0, 0.0)
    if finding.status == "not tested":
        seeds = finding.needs.seeds
        only_seeds = finding.needs == Needs(seeds=seeds) and 0 < seeds <= max_seeds
        return None if only_seeds else Odds(0.0, 0.0)
    try:
        aim = part.aim(run)
    except Missing as why:
        return Odds(0.0, 0.0) if why.needs.hopeless else None
    if not any(one.drawn for one in aim.estimates):  # it stays what it is
        return Odds(float(finding.status == "supported"), float(finding.status == "refuted"))
    if any(one.seeds < 2 for one in aim.estimates):
        return None
    alpha = _last_level(run.study, part.sweep, max_seeds)
    odds_left = [_after(aim, way, more, alpha, parts) for way in range(len(aim.estimates))]

    def alive(status: Literal["supported", "refuted"]) -> bool:
        counted = any(one.counted for one in aim.estimates)
        return weighed(status, "", 2, aim.samples, aim.favoured, counted, part.on)[0] == status

    # Whatever comes must come in every way of looking.
    return Odds(
        min(one.inside for one in odds_left) if alive("supported") else 0.0,
        min(one.outside for one in odds_left) if alive("refuted") else 0.0,
    )


def _after(aim: Aim, way: int, more: int, alpha: float, parts: int) -> Odds:
    """In one way of looking, with more seeds beside those that there are."""
    alone = _then_lies(aim, aim.estimates[way], more, alpha, alpha / parts)
    steps = aim.steps[way] if aim.steps else ()
    against = [_then_lies(aim, one, more, alpha, alpha / parts / len(steps)) for one in steps]
    return Odds(alone.inside, max(one.outside for one in (alone, *against)))


def _then_lies(aim: Aim, estimate: Estimate, more: int, alpha: float, outside: float) -> Odds:
    """Of an interval with more seeds, whose estimate is known as it is now."""
    seeds, df = estimate.seeds + more, estimate.spread.df
    spread = _then(estimate, seeds, 1.0 - SURE)
    error = spread.seeds * math.sqrt(seeds / estimate.seeds - 1.0)
    known = df, df / at_bound(df, 1.0 - SURE) ** 2
    return odds(ends(aim.region), estimate.value, error, spread, alpha, outside, known)


def _last_level(study: StudyRecord, sweep: str, max_seeds: int) -> float:
    """That of the last look at a sweep."""
    *_, last = _planned(study.looks.get(sweep, ()), max_seeds, study.asked.max_seeds)
    return last.alpha


def _planned(looks: Sequence[Look], max_seeds: int, plan: int | None) -> Sequence[Look]:
    """The looks that were taken, and those that follow up to the last."""
    taken = list(looks)
    for seeds in [max_seeds] if plan is None else planned(max_seeds):
        look = next_look(taken, seeds, plan)
        if look is not None:
            taken.append(look)
    return taken
