"""Judge claims by the numbers of a run: supported, refuted (in part), undecided, not tested.

How each kind of claim is judged stands in claims/kinds/: most by where the whole interval lies
(`kinds.judging.judge_interval`). That something was not found never supports that nothing is there.
Claims are not corrected for each other: each was declared by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from claims.claim import Claim
from claims.finding import DECIDED, Finding, Status
from claims.looks import blocks
from claims.needs import Needs
from claims.next_command import next_command
from runs.record import TrialAsked
from runs.run import Run

WORST = ("refuted", "refuted in part", "not tested", "undecided", "supported")


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
    def clause(self) -> str:
        """Why it is undecided, or which parts hold and which do not; "" where nothing is to say."""
        return self.claim.test.clause(self.status, self.findings) or self.decisive.clause

    @property
    def fragile(self) -> str:
        """What turns it: what other measures that would do as well come to; "" for nothing."""
        said = [one.fragile for one in self.findings if one.fragile and self.status in DECIDED]
        return "; ".join(dict.fromkeys(said))

    @property
    def learnt_nothing(self) -> bool:
        """Whether it was not tested because the networks that it is about learnt nothing."""
        nothing = any(finding.learnt_nothing for finding in self.findings)
        return self.status == "not tested" and nothing

    @property
    def decisive(self) -> Finding:
        """What it rests on: the first finding that came to the same, or else the worst."""
        alike = [finding for finding in self.findings if finding.status == self.status]
        return (alike or sorted(self.findings, key=lambda f: WORST.index(f.status)))[0]


def judge(claim: Claim, runs: Sequence[Run]) -> Verdict:
    """The verdict on a claim.

    runs: the run; several for a claim on how data sets differ.
    """
    if claim.at == "held":
        runs = [one.at_defaults() if one.tuned else one for one in runs]
    lacking = [one for one in runs if unended(one, claim.sweeps)]
    if lacking:
        ended = Finding(
            claim.test.says, "not tested", claim.test.wanted,
            note=f"{_lack(lacking[0], claim.sweeps)}.", needs=Needs(end=True),
        )  # fmt: skip
        status, findings = ended.status, [ended]
    else:
        status, findings = claim.test.judge(runs)
    command = ""
    if status == "not tested":
        run, needs = (lacking[0], Needs(end=True)) if lacking else claim.test.lacks(runs, findings)
        command = next_command(claim.sweeps, needs, run)
    known = [run.study.registered.claims.get(claim.id) == claim.digest for run in runs]
    return Verdict(claim, status, findings, all(known), command)


def unended(run: Run, sweeps: Collection[str]) -> list[TrialAsked]:
    """Trials of these sweeps that were asked for and neither ended nor failed for good."""
    known = {trial.key for trial in run.trials if trial.status != "stopped"}
    return [trial for trial in _asked(run, sweeps) if trial.key not in known]


def _asked(run: Run, sweeps: Collection[str]) -> list[TrialAsked]:
    """Those of the seeds that all variants of a sweep were to have."""
    seeds = {sweep: blocks(run.study, sweep) for sweep in sweeps}
    return [
        trial
        for trial in run.study.compared
        if any(sweep in trial.sweeps and trial.seed in seeds[sweep] for sweep in sweeps)
    ]


def _lack(run: Run, sweeps: Collection[str]) -> str:
    lacking, asked = unended(run, sweeps), _asked(run, sweeps)
    have = "trial has" if len(asked) == 1 else "trials have"
    return f"{len(lacking)} of {len(asked)} {have} not ended: there is no verdict before that"
