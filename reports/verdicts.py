"""Judge claims by the numbers of a run: supported, refuted, no detectable difference, not tested.

What decides is the whole 95 % interval, never that a p-value is not small: a claim is supported if
its interval lies where the claim says, refuted if none of it does. A trend is judged by Page's rank
test at 5 % and its direction. A conjunction is supported if
every part is (an intersection-union test, Berger, Technometrics 24, 295, 1982), and refuted if one
part is at a confidence that holds for all parts together (Bonferroni). Claims are not corrected for
each other: each was declared by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reports import statistics
from reports.claims import Claim, Differs, Every, Level, OrderChanges, Region, Trend, settings_of
from reports.claims import Test as AnyTest
from reports.comparisons import CONFIDENCE
from reports.evidence import detectable, effect, fitting, pairs, select, spelt
from reports.measures import EpochsTo, Measure, Missing, Unfinished
from reports.run import Run, Trial
from reports.statistics import Difference

Status = Literal["supported", "refuted", "no detectable difference", "not tested"]
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


@dataclass(frozen=True)
class Verdict:
    """command: what would test a claim that was not tested, else "" """

    claim: Claim
    status: Status
    findings: Sequence[Finding]
    command: str = ""


def judge(claim: Claim, runs: Sequence[Run]) -> Verdict:
    """The verdict on a claim. runs: the run; with several, the others are on other data sets."""
    first = runs[0]
    if isinstance(claim.test, OrderChanges):
        verdict = _order(claim, claim.test, runs)
    else:
        parts = claim.test.parts if isinstance(claim.test, Every) else (claim.test,)
        flat = [part for test in parts for part in _flat(test)]
        findings = [_part(first, part, CONFIDENCE) for part in flat]
        together = 1 - (1 - CONFIDENCE) / len(flat)
        strict = [_part(first, part, together).status for part in flat]
        verdict = Verdict(claim, _conjunction([f.status for f in findings], strict), findings)
    if verdict.status == "not tested":
        verdict = replace(verdict, command=_command(claim, verdict, first))
    return verdict


def _flat(test: AnyTest) -> list[Differs | Trend | Level]:
    if isinstance(test, Every):
        return [part for inner in test.parts for part in _flat(inner)]
    if isinstance(test, OrderChanges):
        raise ValueError("OrderChanges compares runs, and cannot be a part of a conjunction.")
    return [test]


def _conjunction(each: Sequence[Status], together: Sequence[Status]) -> Status:
    if "refuted" in together:
        return "refuted"
    if "not tested" in each:
        return "not tested"
    if all(status == "supported" for status in each):
        return "supported"
    return "no detectable difference"


def _part(run: Run, test: Differs | Trend | Level, confidence: float) -> Finding:
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


def _order(claim: Claim, test: OrderChanges, runs: Sequence[Run]) -> Verdict:
    names = [run.dataset.get("name", "?") for run in runs]
    says = f"{test.on.says}: {spelt(test.of)} less {spelt(test.to)}"
    confidence = 1 - (1 - CONFIDENCE) / len(runs)
    findings = []
    for name, run in zip(names, runs, strict=True):
        try:
            both = pairs(run, test.sweep, test.of, test.to)
            found = effect(both, test.on, confidence)
        except Missing as why:
            findings.append(
                Finding(f"{says} on {name}", "not tested", "other than 0", note=f"{why}.")
            )
            continue
        status: Status = "supported" if found.excludes_zero else "no detectable difference"
        findings.append(
            Finding(
                f"{says} on {name}", status, "other than 0", found, test.on.scale, test.on.unit,
                None if found.excludes_zero else detectable(both, test.on),
            )
        )  # fmt: skip
    signs = {
        (name, np.sign(finding.effect.estimate))
        for name, finding in zip(names, findings, strict=True)
        if finding.effect and finding.effect.excludes_zero
    }
    status = "no detectable difference"
    if len(set(names)) < 2:
        alone = f"only {names[0]} was looked at."
        findings.append(Finding(f"{says} on others", "not tested", "other than 0", note=alone))
    if any(f.effect is None for f in findings):
        status = "not tested"
    elif any(a != b and one != other for a, one in signs for b, other in signs):
        status = "supported"
    elif all(f.effect and f.effect.excludes_zero for f in findings):
        status = "refuted"
    return Verdict(claim, status, findings)


def _place(found: Difference, within: Region) -> Status:
    """Where an interval lies to open intervals."""
    ends = [
        (-np.inf if low is None else low, np.inf if high is None else high) for low, high in within
    ]
    if any(low < found.low and found.high < high for low, high in ends):
        return "supported"
    if all(found.high <= low or found.low >= high for low, high in ends):
        return "refuted"
    return "no detectable difference"


def _left_out(run: Run, sweep: str, chosen: Sequence[Mapping[str, object]], to: Difference) -> str:
    """Which seeds have no part in a difference, as a sentence, or ""."""
    lacking = [
        f"{trial.name} {trial.status}"
        for trial in run.trials
        if sweep in trial.sweeps
        and not trial.finished
        and any(all(trial.settings.get(k) == v for k, v in one.items()) for one in chosen)
    ]
    said = f"Left out: {', '.join(lacking)}." if lacking else ""
    if to.basis == IMAGES:
        said = f"One seed: says nothing of how another would end. {said}"
    return said.strip()


def _command(claim: Claim, verdict: Verdict, run: Run) -> str:
    """What would test it."""
    asked = run.study.get("asked", {})
    values = asked.get("values", {})
    sweeps = " ".join(dict.fromkeys(p.sweep for p in _parts(claim.test)))
    start = f"python -m studies.{run.study['study']}"
    # Where its data and weights lay; what else it held is in its page.
    held = ("dataset", "data_dir", "weights")
    options = [f"--{n.replace('_', '-')} {values[n][0]}" for n in held if n in values]
    seeds = max(3, len({trial.seed for trial in run.trials}))
    fresh = " ".join([start, *options, f"--only {sweeps} --seeds {seeds}"])
    if isinstance(claim.test, OrderChanges):
        other = f"{start} --dataset NAME --only {sweeps} --seeds 3"
        return f"{other}; python -m service.compare RUN RUN"
    lacking = " ".join(f.note for f in verdict.findings if f.status == "not tested")
    if "test_curve/" in lacking:
        return f"{fresh} --test-curves"
    ran = {sweep for trial in run.trials for sweep in trial.sweeps}
    whole = not asked.get("smoke") and not values.keys() & {n for n, _ in settings_of(claim)}
    more_seeds = "one seed" in lacking or "needs 2 seeds" in lacking
    if whole and (set(sweeps.split()) - ran or more_seeds):
        run_name = f"{run.study['study']}/{run.study['run']}"
        return f"{start} --resume {run_name} --only {sweeps} --seeds {seeds}"
    return fresh


def _parts(test: AnyTest) -> list[Differs | Trend | Level | OrderChanges]:
    return [test] if isinstance(test, OrderChanges) else [*_flat(test)]


def _says(test: Differs | Trend | Level) -> str:
    if isinstance(test, Trend):
        return f"{test.on.says} against {test.over}"
    if isinstance(test, Level):
        return f"{test.on.says} of {spelt(test.of)}"
    return f"{test.on.says}: {spelt(test.of)} less {spelt(test.to)}"


def _wanted(test: Differs | Trend | Level) -> str:
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
