"""What a part of a claim comes to: a difference, a level or a trend, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports import statistics
from reports.claims import Differs, Level, Region, Trend
from reports.evidence import detectable, effect, fitting, pairs, select, spelt
from reports.measures import EpochsTo, Measure, Missing, Unfinished
from reports.run import Run, Trial
from reports.statistics import Difference

Status = Literal["supported", "refuted", "no detectable difference", "not tested"]
Simple = Differs | Level | Trend
IMAGES = "bootstrap over test images"


@dataclass(frozen=True)
class Finding:
    """What a part of a claim came to.

    says: what is compared with what.  effect: None where nothing was tested, else as it is
    measured; multiply by `scale` for `unit`.  wanted: where the claim wants it.  detectable: the
    true difference that this many seeds or images find 4 times in 5, where it matters.  note: why
    not tested, or what else to know.
    """

    says: str
    status: Status
    wanted: str
    effect: Difference | None = None
    scale: float = 1.0
    unit: str = ""
    detectable: float | None = None
    note: str = ""


def finding(run: Run, test: Simple, confidence: float) -> Finding:
    """What a part comes to; one that lacks something is not tested, and says what."""
    try:
        if isinstance(test, Trend):
            return _trend(run, test, confidence)
        if isinstance(test, Level):
            return _level(run, test, confidence)
        return _differs(run, test, confidence)
    except Missing as why:
        return Finding(_says(test), "not tested", _wanted(test), note=f"{why}.")


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


def _late(on: EpochsTo, trial: Trial, rivals: Sequence[Trial]) -> bool:
    return on.of(trial, rivals) > sum(on.metric in line for line in trial.lines)


def _level(run: Run, test: Level, confidence: float) -> Finding:
    trials = [trial for _, trial in sorted(select(run, test.sweep, test.of).items())]
    values = [test.on.of(trial, (trial,)) for trial in trials]
    if len(values) == 1:
        raise Missing("one seed has no spread to judge by")
    found = statistics.difference(values, np.zeros(len(values)), confidence)
    note = _left_out(run, test.sweep, (test.of,), found)
    status = _place(found, test.within)
    return Finding(
        _says(test), status, _wanted(test), found, test.on.scale, test.on.unit, note=note
    )


def _trend(run: Run, test: Trend, confidence: float) -> Finding:
    there = fitting(run, test.sweep, test.where)
    tried = list(dict.fromkeys(t.settings[test.over] for t in there if test.over in t.settings))
    tried = [value for value in tried if not test.among or value in test.among]
    if not all(isinstance(value, int | float) for value in tried):
        raise Missing(f"{test.over} is not a number in every variant")
    values, lost = {}, []
    for level in sorted(tried):
        try:
            values[level] = select(run, test.sweep, {test.over: level, **test.where})
        except Unfinished:
            lost.append(f"{level:g}")
    if len(values) < 3:
        raise Missing(f"a trend needs 3 values of {test.over}, and the run has {len(values)}")
    every = {seed for trials in values.values() for seed in trials}
    seeds = sorted(set.intersection(*(set(trials) for trials in values.values())))
    if len(seeds) < 2:
        raise Missing(f"a trend needs 2 seeds with every {test.over}, and the run has {len(seeds)}")
    perfect = statistics.trend(list(values), [[*range(len(values))]] * len(seeds))
    if perfect.p > 1 - confidence:
        raise Missing(f"{len(seeds)} seeds cannot show a trend of {len(values)} values")
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
    own = (trial for one in chosen for trial in fitting(run, sweep, one))
    lacking = [f"{trial.name} {trial.status}" for trial in own if not trial.finished]
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
