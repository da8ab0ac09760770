"""Whether further seeds may still decide a claim."""

from __future__ import annotations

from typing import Literal

from claims import planning
from claims.finding import DECIDED
from claims.needs import Needs
from claims.verdicts import Verdict
from runs.run import Run

Outlook = Literal["decided", "undecided", "hopeless"]


def outlook(verdict: Verdict, run: Run, max_seeds: int) -> Outlook:
    """Whether a claim is decided, or may be by more seeds; hopeless where neither is so.

    What was not tested is hopeless unless seeds are all that it lacks.

    max_seeds: the most that the run may have.
    """
    if verdict.status in DECIDED:
        return "decided"
    if verdict.status == "not tested":
        _, needs = verdict.claim.test.lacks([run], verdict.findings)
        only_seeds = needs == Needs(seeds=needs.seeds) and 0 < needs.seeds <= max_seeds
        return "undecided" if only_seeds else "hopeless"
    return "hopeless" if planning.hopeless(verdict, run, max_seeds) else "undecided"
