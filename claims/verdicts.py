"""Judge claims by the numbers of a run: supported, refuted, no detectable difference, not tested.

What decides is the whole 95 % interval, never that a p-value is not small: a claim is supported if
its interval lies where the claim says, refuted if none of it does. A trend is judged by Page's rank
test at 5 % and its direction. A conjunction is supported if every part is (an intersection-union
test, Berger, Technometrics 24, 295, 1982), and refuted if one part is at a confidence that holds
for all parts together (Bonferroni). Claims are not corrected for each other: each was declared by
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from claims import Claim, OrderChanges, simple
from claims.comparisons import CONFIDENCE
from claims.evidence import detectable, effect, pairs, spelt
from claims.findings import Finding, Status, finding
from claims.lacking import Missing, Needs, together
from claims.next_command import next_command
from runs.record import Run


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
        parts = [part for part in simple(claim.test) if not isinstance(part, OrderChanges)]
        findings = [finding(first, part, CONFIDENCE) for part in parts]
        strictly = 1 - (1 - CONFIDENCE) / len(parts)
        strict = [finding(first, part, strictly).status for part in parts]
        verdict = Verdict(claim, _conjunction([f.status for f in findings], strict), findings)
    if verdict.status == "not tested":
        run, needs = first, together(f.needs for f in verdict.findings if f.status == "not tested")
        if isinstance(claim.test, OrderChanges) and not needs.data_sets:  # a finding is a run's
            both = zip(runs, verdict.findings, strict=True)
            run, needs = next((r, f.needs) for r, f in both if f.status == "not tested")
        verdict = replace(verdict, command=next_command(claim, needs, run))
    return verdict


def _conjunction(each: Sequence[Status], together: Sequence[Status]) -> Status:
    if "refuted" in together:
        return "refuted"
    if "not tested" in each:
        return "not tested"
    if all(status == "supported" for status in each):
        return "supported"
    return "no detectable difference"


def _order(claim: Claim, test: OrderChanges, runs: Sequence[Run]) -> Verdict:
    names = [run.study.dataset.get("name", "?") for run in runs]
    says = f"{test.on.says}: {spelt(test.of)} less {spelt(test.to)}"
    confidence = 1 - (1 - CONFIDENCE) / len(runs)
    findings = []
    for name, run in zip(names, runs, strict=True):
        try:
            both = pairs(run, test.sweep, test.of, test.to)
            found = effect(both, test.on, confidence)
        except Missing as why:
            findings.append(
                Finding(
                    f"{says} on {name}", "not tested", "other than 0",
                    note=f"{why}.", needs=why.needs,
                )
            )  # fmt: skip
            continue
        status: Status = "supported" if found.excludes_zero else "no detectable difference"
        findings.append(
            Finding(
                f"{says} on {name}", status, "other than 0", found, test.on.scale, test.on.unit,
                None if found.excludes_zero else detectable(both, test.on),
            )
        )  # fmt: skip
    signs = {
        (name, np.sign(one.effect.estimate))
        for name, one in zip(names, findings, strict=True)
        if one.effect and one.effect.excludes_zero
    }
    status = "no detectable difference"
    if len(set(names)) < 2:
        alone = f"only {names[0]} was looked at."
        findings.append(
            Finding(
                f"{says} on others", "not tested", "other than 0",
                note=alone, needs=Needs(data_sets=True),
            )
        )  # fmt: skip
    if any(f.effect is None for f in findings):
        status = "not tested"
    elif any(a != b and one != other for a, one in signs for b, other in signs):
        status = "supported"
    elif all(f.effect and f.effect.excludes_zero for f in findings):
        status = "refuted"
    return Verdict(claim, status, findings)
