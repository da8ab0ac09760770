"""Whether further seeds may still decide a claim."""

from __future__ import annotations

from typing import Literal

from claims.chances import hopeless
from claims.finding import DECIDED
from claims.verdicts import Verdict
from runs.run import Run

Outlook = Literal["decided", "undecided", "hopeless"]


def outlook(verdict: Verdict, run: Run, max_seeds: int) -> Outlook:
    """Whether a claim is decided, or may be by more seeds; hopeless where neither is so.

    max_seeds: the most that the run may have.
    """
    if verdict.status in DECIDED:
        return "decided"
    return "hopeless" if hopeless(verdict, run, max_seeds) else "undecided"
