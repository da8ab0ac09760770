"""What a part of a claim comes to: a difference, a level or a trend, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np

from claims import Differs, Level, Region, Trend, statistics
from claims.evidence import SEEDS, detectable, effect, fitting, listed, pairs, select, spelt
from claims.lacking import NOTHING, Missing, Needs, Unfinished, together
from claims.measures import EpochsTo, Measure
from claims.statistics import Difference
from runs.record import Run, TrialRecord

Status = Literal["supported", "refuted", "no detectable difference", "not tested"]
Simple = Differs | Level | Trend
IMAGES = "bootstrap over test images"


@dataclass(frozen=True)
class Finding:
    """What a part of a claim came to.

    says: what is compared with what.  effect: None where nothing was tested, else as it is
    measured; multiply by `scale` for `unit`.  wanted: where the claim wants it.  detectable: the
    true difference that this many seeds or images find 4 times in 5, where it matters.  note: why
    not tested, or what else to know.  needs: what a run would have to have, of one not tested.
    """

    says: str
    status: Status
    wanted: str
    effect: Difference | None = None
    scale: float = 1.0
    unit: str = ""
    detectable: float | None = None
    note: str = ""
    needs: Needs = NOTHING


def finding(run: Run, test: Simple, confidence: float) -> Finding:
    """What a part comes to; one that lacks something is not tested, and says what."""
    try:
        if isinstance(test, Trend):
            return _trend(run, test, confidence)
        if isinstance(test, Level):
            return _level(run, test, confidence)
        return _differs(run, test, confidence)
    except Missing as why:
        return Finding(_says(test), "not tested", _wanted(test), note=f"{why}.", needs=why.needs)


def _differs(run: Run, test: Differs, confidence: float) -> Finding:
    both = pairs(run, test.sweep, test.of, test.to)
    found = effect(both, test.on, confidence)
    status = _place(found, test.within)
    note = _left_out(run, test.sweep, (test.of, test.to), found)
    if isinstance(test.on, EpochsTo):
        late = [_late(test.on, own, (own, other)) for own, other in both]
        note += f" {sum(late)} of {len(late)} never get there." if any(late) else ""
    return Finding(
        _says(test), status, _wanted(test), found, test.on.scale, test.on.unit,
        detectable(both, test.on) if status == "no detectable difference" else None, note.strip(),
    )  # fmt: skip


def _late(on: EpochsTo, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> bool:
    return on.of(trial, rivals) > sum(on.metric in line for line in trial.lines)


def _level(run: Run, test: Level, confidence: float) -> Finding:
    trials = [trial for _, trial in sorted(select(run, test.sweep, test.of).items())]
    values = [test.on.of(trial, (trial,)) for trial in trials]
    if len(values) == 1:
        raise Missing("one seed has no spread to judge by", Needs(seeds=SEEDS))
    found = statistics.difference(values, np.zeros(len(values)), confidence)
    note = _left_out(run, test.sweep, (test.of,), found)
    status = _place(found, test.within)
    return Finding(
        _says(test), status, _wanted(test), found, test.on.scale, test.on.unit, note=note
    )


def _trend(run: Run, test: Trend, confidence: float) -> Finding:
    there = [variant.settings for variant in fitting(run, test.sweep, test.where)]
    tried = list(dict.fromkeys(one[test.over] for one in there if test.over in one))
    tried = [value for value in tried if not test.among or value in test.among]
    if not all(isinstance(value, int | float) for value in tried):
        raise Missing(f"{test.over} is not a number in every variant")
    values, lost = {}, {}
    for level in sorted(tried):
        try:
            values[level] = select(run, test.sweep, {test.over: level, **test.where})
        except Unfinished as why:
            lost[f"{level:g}"] = why.needs
    if len(values) < 3:
        told = [trial.settings for trial in listed(run, test.sweep, test.where)]
        asked = {settings[test.over] for settings in told if test.over in settings}
        waiting = [value for value in asked - {*tried} if not test.among or value in test.among]
        needs = Needs(free=frozenset({test.over, *test.where}))
        if test.sweep not in run.sweeps:
            needs = Needs(sweeps=frozenset({test.sweep}))
        elif len(values) + len(waiting) >= 3:
            needs = Needs(end=True)
        elif len(values) + len(lost) >= 3:
            needs = together(lost.values())
        said = f"a trend needs 3 values of {test.over}, and the run has {len(values)}"
        raise Missing(said, needs)
    every = {seed for trials in values.values() for seed in trials}
    seeds = sorted(set.intersection(*(set(trials) for trials in values.values())))
    if len(seeds) < 2:
        said = f"a trend needs 2 seeds with every {test.over}, and the run has {len(seeds)}"
        raise Missing(said, Needs(seeds=max(SEEDS, len(every) + 1)))
    if not _can_show(len(seeds), list(values), confidence):
        enough = next(n for n in count(SEEDS) if _can_show(n, list(values), confidence))
        said = f"{len(seeds)} seeds cannot show a trend of {len(values)} values"
        raise Missing(said, Needs(seeds=enough))
    rows = []
    for seed in seeds:
        rivals = [trials[seed] for trials in values.values()]
        rows.append([test.on.of(trial, rivals) for trial in rivals])
    found = statistics.trend(list(values), rows, confidence)
    status: Status = "no detectable difference"
    if found.p <= 1 - confidence and found.estimate:
        status = "supported" if (found.estimate > 0) == test.rises else "refuted"
    means = ", ".join(f"{test.on.scale * m:.3g}" for m in np.mean(rows, 0))
    note = f"Means at {', '.join(f'{level:g}' for level in values)}: {means} {test.on.unit}".strip()
    note += f"; {len(every) - len(seeds)} seeds lack a value." if len(every) > len(seeds) else "."
    note += f" No trial finished at {', '.join(lost)}." if lost else ""
    limit = min(1.0, 2.8 / float(np.sqrt(len(seeds) * (len(values) - 1))))
    blind = limit if status == "no detectable difference" else None
    return Finding(_says(test), status, _wanted(test), found, 1.0, "rank correlation", blind, note)


def _can_show(seeds: int, levels: Sequence[float], confidence: float) -> bool:
    """Whether a trend that all seeds agree on would be found."""
    perfect = statistics.trend(levels, [[*range(len(levels))]] * seeds)
    return perfect.p <= 1 - confidence


def _place(found: Difference, within: Region) -> Status:
    """Where an interval lies to open intervals."""
    ends = [
        (-np.inf if low is None else low, np.inf if high is None else high) for low, high in within
    ]
    if any(statistics.within(found, low, high) for low, high in ends):
        return "supported"
    if all(found.high <= low or found.low >= high for low, high in ends):
        return "refuted"
    return "no detectable difference"


def _left_out(run: Run, sweep: str, chosen: Sequence[Mapping[str, object]], to: Difference) -> str:
    """Which seeds have no part in a difference, as a sentence, or ""."""
    own = [t for one in chosen for variant in fitting(run, sweep, one) for t in variant.trials]
    lacking = [f"{run.name(trial)} {trial.status}" for trial in own if not trial.finished]
    said = f"Left out: {', '.join(lacking)}." if lacking else ""
    if to.basis == IMAGES:
        said = f"One seed: says nothing of how another would end. {said}"
    return said.strip()


def _says(test: Simple) -> str:
    if isinstance(test, Trend):
        return f"{test.on.says} against {test.over}"
    if isinstance(test, Level):
        return f"{test.on.says} of {spelt(test.of)}"
    return f"{test.on.says}: {spelt(test.of)} less {spelt(test.to)}"


def _wanted(test: Simple) -> str:
    if isinstance(test, Trend):
        return "rising" if test.rises else "falling"
    return " or ".join(_interval(ends, test.on) for ends in test.within)


def _interval(ends: tuple[float | None, float | None], on: Measure) -> str:
    low, high = (None if end is None else f"{on.scale * end:g}" for end in ends)
    unit = f" {on.unit}" if on.unit else ""
    if high is None:
        return f"above {low}{unit}"
    if low is None:
        return f"below {high}{unit}"
    return f"{low} to {high}{unit}"
