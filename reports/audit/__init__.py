"""What is wrong with a trial, found in what it left behind, before anyone sees its numbers.

The checks are in audit_checks.py; one that lacks its file is named as unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from reports.audit import checks as checks
from reports.audit.trial_files import Absent, TrialFiles
from runs.artifacts import Embeddings
from runs.record import TrialRecord


@dataclass(frozen=True)
class Finding:
    """check: a short stable name.  says: one sentence for a person, with the number that shows."""

    check: str
    says: str


@dataclass(frozen=True)
class Audit:
    """findings: what is wrong.  unchecked: "what is missing: the checks that need it".  remarks:
    what is worth a word and puts no number in doubt."""

    findings: Sequence[Finding]
    unchecked: Sequence[str]
    remarks: Sequence[str] = ()


def audit(trial: TrialRecord) -> Audit:
    """Of one trial; a missing file is no error.

    A control is audited for its data and numbers and, if it has one batch, for having learnt it;
    its test accuracy means nothing. A trial that did not finish is audited for its data and epochs.
    """
    return _audited(trial, _checks(trial))


def audit_run(trials: Iterable[TrialRecord]) -> dict[str, Audit]:
    """Of all trials of a run, by key; also compares shuffled labels with an ordinary trial.

    A control has learnt shuffled labels if its test accuracy exceeds chance by more than half of
    what the finished trial of its settings and seed does. A binomial test would not do: groups of
    similar images that were given random names are, by luck, above chance in small problems.
    """
    trials = list(trials)
    return {trial.key: _audited(trial, _checks(trial) + _beside(trial, trials)) for trial in trials}


def as_it_must_be(trial: TrialRecord, audited: Audit) -> str:
    """How a control ended, for people; "" where something was found, or could not be checked."""
    check, said = CONTROLS[trial.control]
    unchecked = any(check in what for what in audited.unchecked)
    return "" if audited.findings or unchecked or not trial.finished else said


CONTROLS = {
    "one_batch": ("one_batch_not_learnt", "one batch is learnt by heart, as it must be"),
    "shuffled_labels": (
        "shuffled_labels_learnt",
        "from shuffled labels nothing is learnt, as it must be",
    ),
}
Check = tuple[str, Callable[[TrialFiles], str | None]]


def _audited(trial: TrialRecord, wanted: Sequence[Check]) -> Audit:
    left, findings, lacking = TrialFiles(trial), [], dict[str, list[str]]()
    for name, check in wanted:
        try:
            if says := check(left):
                findings.append(Finding(name, says))
        except Absent as absent:
            lacking.setdefault(str(absent), []).append(name)
    unchecked = [f"{what}: {', '.join(names)}" for what, names in lacking.items()]
    try:
        remark = checks.few_shared(left)
    except Absent:
        remark = None
    return Audit(findings, unchecked, [remark] if remark else [])


def _checks(trial: TrialRecord) -> list[Check]:
    made: list[Check] = [
        ("not_finite", checks.metrics_finite),
        ("shared_images", checks.shared),
        ("sizes_differ", checks.sizes),
    ]
    outcome: list[Check] = [
        ("chance", checks.chance),
        ("independent", checks.independent),
        ("class_never_predicted", checks.never_predicted),
    ]
    if not trial.control:
        made.append(("stuck_at_ln_c", checks.stuck))
    if not trial.finished:
        return [*made, ("all of its test set", checks.unfinished)]
    made += [
        ("not_finite", checks.scores_finite),
        ("confusion_shape", checks.shape),
        ("confusion_rows", checks.rows),
    ]
    embeds = any("train/embedding_norm" in line for line in trial.lines)
    if embeds or (trial.folder / Embeddings.FILE).is_file():
        made.append(("not_finite", checks.embeddings_finite))
        outcome += [("collapsed", checks.collapsed), ("triplet_at_margin", checks.at_margin)]
    if trial.control == "one_batch":
        return [*made, ("one_batch_not_learnt", checks.one_batch)]
    # Shuffled labels end at chance, and classes without meaning may well share one point.
    return made if trial.control else made + outcome


def _beside(trial: TrialRecord, trials: Sequence[TrialRecord]) -> list[Check]:
    if trial.control != "shuffled_labels" or not trial.finished:
        return []
    alike = [
        other
        for other in trials
        if other.finished and not other.control and other.seed == trial.seed
        if _but_control(other) == _but_control(trial)
    ]
    return [("shuffled_labels_learnt", partial(checks.learnt, alike))]


def _but_control(trial: TrialRecord) -> dict[str, object]:
    return {name: value for name, value in trial.settings.items() if name != "control"}
