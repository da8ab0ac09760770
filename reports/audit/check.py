"""What a check of the audit is, and which trials it may be asked of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reports.audit.trial_files import TrialFiles

LEVEL = 0.01  # of tests: of trials truly at chance one in a hundred goes unnoticed


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong with a trial.

    name: short and stable, shown beside what it says; checks of one family share theirs.
    applies: whether a trial is one that it is asked of.
    says: what is wrong, one sentence with the number that shows it; None where nothing is. Raises
        Absent if a file that it needs is not there.
    looks_for: in a few words, for a page on which nothing was found; "" if it goes without saying.
    remark: whether what it says is only worth a word, and puts no number in doubt.
    passed: of the check that a control is run for, what is said where nothing is wrong.
    """

    name: str
    applies: Callable[[TrialFiles], bool]
    says: Callable[[TrialFiles], str | None]
    looks_for: str = ""
    remark: bool = False
    passed: str = ""


def every_trial(files: TrialFiles) -> bool:
    """Also one that failed or was stopped, and a control."""
    return True


def finished(files: TrialFiles) -> bool:
    """Any that came to its end, a control too."""
    return files.trial.finished


def tested(files: TrialFiles) -> bool:
    """Any whose test accuracy means something.

    That of a control does not: shuffled labels end at chance, and classes without meaning may well
    share one point.
    """
    return files.trial.finished and not files.trial.control


def percent(share: float) -> str:
    """A share in [0, 1] for people: "12.3 %"."""
    return f"{100 * share:.1f} %"
