"""What a look at a verdict spends of the 5 % that false verdicts may take of a claim.

Whoever looks, and adds seeds where nothing was decided, errs more often than one look's level says,
since each look may err. So all looks at a sweep share ALPHA (Bonferroni's inequality): what they
spend never adds up to more. A look is a judgement of a sweep with more seeds than before, or with
variants that were tuned over more settings.

Looks that were planned spend by seeds, as much of ALPHA as each adds of the most that may come (a
spending function: Lan and DeMets, Biometrika 70, 659, 1983). Any other spends four fifths of what
is left: 4 % is the first, so that a run can always be extended, then 0.8 %, 0.16 %, ...
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from runs.record import Look as Look
from runs.record import StudyRecord
from runs.variants import identity

ALPHA = 0.05  # of all looks at a sweep
SHARE = 0.8  # of what is left, that a look spends which no plan has a place for
FIRST = 3  # seeds, of the first planned look
NEGLIGIBLE = 1e-6  # a level at which nothing is ever decided


def planned(max_seeds: int) -> list[int]:
    """The numbers of seeds at which a run looks that goes on until its claims are decided.

    3, 5, 8, 12, 18, ..., each about 1.5 times the last; the last is max_seeds.

    Raises ValueError if that is less than 3.
    """
    if max_seeds < FIRST:
        raise ValueError(f"The first look takes {FIRST} seeds; got {max_seeds}.")
    numbers, seeds = [], FIRST
    while seeds < max_seeds:
        numbers.append(seeds)
        seeds = (3 * seeds + 1) // 2
    return [*numbers, max_seeds]


def left(looks: Sequence[Look]) -> float:
    """What looks have left of ALPHA, in [0, ALPHA]."""
    return max(0.0, ALPHA - math.fsum(look.alpha for look in looks))


def extended(alpha: float) -> float:
    """The level of an unplanned extension after a look that spent `alpha` of what was left."""
    return (1.0 - SHARE) * alpha


def spent(looks: Sequence[Look]) -> bool:
    """Whether so little is left that no further look can decide anything."""
    return left(looks) < NEGLIGIBLE


def next_look(looks: Sequence[Look], seeds: int, plan: int | None, draws: int = 0) -> Look | None:
    """The look that judging with so many seeds is; None if it is none.

    One seed decides nothing, so that a judgement of it is no look.

    looks: those that were taken.
    plan: the most seeds of a run that looks at planned numbers of them, None for any other.
    draws: how many settings each variant was tuned over.
    """
    before = looks[-1].seeds if looks else 0
    again = bool(looks) and draws > looks[-1].draws  # no plan has a place for that
    if seeds <= 1 or seeds < before or (seeds == before and not again):
        return None
    if plan is not None and seeds <= plan and not again:
        alpha = min(left(looks), ALPHA * (seeds - before) / plan)
        return Look(seeds=seeds, alpha=alpha, planned=seeds in planned(plan), draws=draws)
    alone = plan is None and not looks
    return Look(seeds=seeds, alpha=SHARE * left(looks), planned=alone, draws=draws)


def blocks(study: StudyRecord, sweep: str) -> frozenset[int]:
    """The seeds with which a run was to have every variant of a sweep.

    A variant that another sweep shares may have more, if that one alone was extended. One that
    draws nothing has every seed; where none of a sweep draws anything, there is none.
    """
    seeds: dict[str, set[int]] = {}
    for trial in study.compared:
        if sweep in trial.sweeps and trial.draws:
            seeds.setdefault(identity(trial), set()).add(trial.seed)
    return frozenset(set.intersection(*seeds.values())) if seeds else frozenset()


def alpha_of(study: StudyRecord, sweep: str) -> float:
    """The level at which a sweep is judged: 0.04 is that of intervals of 96 %.

    That of its last look, or of the one that judging it now would be: what is read before a look is
    recorded has the level that it has afterwards. A run without looks is at its first.
    """
    looks = study.looks.get(sweep, ())
    further = _next_look(study, sweep)
    if further is not None:
        return further.alpha
    return looks[-1].alpha if looks else SHARE * ALPHA


def taken(study: StudyRecord, ended: Collection[str]) -> Mapping[str, tuple[Look, ...]]:
    """The looks of every sweep once those that have ended are judged.

    ended: the sweeps none of whose trials lacks; there is no verdict on any other.
    """
    looks = dict(study.looks)
    for sweep in ended:
        further = _next_look(study, sweep)
        if further is not None:
            looks[sweep] = (*looks.get(sweep, ()), further)
    return looks


def _next_look(study: StudyRecord, sweep: str) -> Look | None:
    """That of judging a sweep now."""
    seeds = len(blocks(study, sweep))
    draws = max((len(t.among) for t in study.compared if sweep in t.sweeps), default=0)
    return next_look(study.looks.get(sweep, ()), seeds, study.asked.max_seeds, draws)


def percent(alpha: float) -> str:
    """The confidence of a level, for people: "96 %", "99.17 %"; never rounded up to 100 %."""
    digits = max(2, 1 - math.floor(math.log10(100 * alpha))) if alpha > 0 else 0
    return f"{round(100 * (1 - alpha), digits):.12g} %"


def in_words(alpha: float) -> str:
    """What the intervals of a look hold, for people: "95 % over all looks (this one 96 %)"."""
    return f"{percent(ALPHA)} over all looks (this one {percent(alpha)})"
