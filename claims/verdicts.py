"""Judge claims by the numbers of a run: supported, refuted, no detectable difference, not tested.

How each kind of claim is judged stands in claims/kinds/: most by where the whole 95 % interval lies
(`kinds.kind.judge_interval`), a trend by Page's test. That something was not found never supports
that nothing is there. Claims are not corrected for each other: each was declared by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claims.claim import Claim
from claims.finding import Finding, Status
from claims.next_command import next_command
from runs.run import Run

WORST = ("refuted", "not tested", "no detectable difference", "supported")


@dataclass(frozen=True)
class Verdict:
    """What a claim comes to.

    findings: of its parts.
    registered: whether it was written down as it is before the first trial of every run.
    command: what would test a claim that was not tested, else "".
    """

    claim: Claim
    status: Status
    findings: Sequence[Finding]
    registered: bool = False
    command: str = ""

    @property
    def declared(self) -> str:
        """When, for people: "registered", "declared after this run"."""
        return "registered" if self.registered else "declared after this run"

    @property
    def decisive(self) -> Finding:
        """What it rests on: the first finding that came to the same, or else the worst."""
        alike = [finding for finding in self.findings if finding.status == self.status]
        return (alike or sorted(self.findings, key=lambda f: WORST.index(f.status)))[0]


def judge(claim: Claim, runs: Sequence[Run]) -> Verdict:
    """The verdict on a claim.

    runs: the run; several for a claim on how data sets differ.
    """
    status, findings = claim.test.judge(runs)
    command = ""
    if status == "not tested":
        run, needs = claim.test.lacks(runs, findings)
        command = next_command(claim.sweeps, needs, run)
    known = [run.study.registered.claims.get(claim.id) == claim.digest for run in runs]
    return Verdict(claim, status, findings, all(known), command)
