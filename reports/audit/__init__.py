"""What is wrong with a trial, found in what it left behind, before anyone sees its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.audit.checks import CHECKS
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent
from runs.record import TrialRecord


@dataclass(frozen=True)
class Fault:
    """What one check says is wrong.

    check: its name.
    says: one sentence for a person, with the number that shows it.
    """

    check: str
    says: str


@dataclass(frozen=True)
class Audit:
    """What all checks say of one trial.

    faults: what is wrong.
    unchecked: "what is missing: the checks that need it".
    remarks: what is worth a word and puts no number in doubt.
    passed: how a control ended, if it did as it must; "" otherwise, and of any other trial.
    """

    faults: Sequence[Fault]
    unchecked: Sequence[str]
    remarks: Sequence[str] = ()
    passed: str = ""


def audit_run(trials: Iterable[TrialRecord]) -> dict[str, Audit]:
    """Of all trials of a run, by key; a check that lacks its file is unchecked, and no error."""
    trials = list(trials)
    return {trial.key: _audit(TrialFiles(trial, trials)) for trial in trials}


def looked_for() -> list[str]:
    """What all checks together look for, in a few words each."""
    return list(dict.fromkeys(check.looks_for for check in CHECKS if check.looks_for))


def _audit(files: TrialFiles) -> Audit:
    faults, remarks, passed = [], [], ""
    lacking: dict[str, dict[str, None]] = {}  # what is missing, to the names of checks
    for check in CHECKS:
        if not check.applies(files):
            continue
        try:
            says = check.says(files)
        except Absent as absent:
            lacking.setdefault(str(absent), {})[check.name] = None
            continue
        if says is None:
            passed = passed or check.passed
        elif check.remark:
            remarks.append(says)
        else:
            faults.append(Fault(check.name, says))
    unchecked = [f"{what}: {', '.join(names)}" for what, names in lacking.items()]
    return Audit(faults, unchecked, remarks, "" if faults else passed)
