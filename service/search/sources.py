"""Which source gives the trials of a plan."""

from __future__ import annotations

from collections.abc import Callable

from runs.folder import RunFolder
from service.plan import Plan
from service.search.listed import Listed
from service.search.look_by_look import LookByLook
from service.search.source import Source
from service.search_plan import SearchPlan
from service.trial_spec import TrialSpec


def source_of(
    plan: Plan,
    folder: RunFolder,
    added: Callable[[TrialSpec], None],
    settled: Callable[[str], None],
) -> Source:
    """A source of what a plan lacks.

    added: is told of every trial that the plan has not listed, once it is.
    settled: is told the key of a trial that ended without running.
    """
    study = plan.study
    if isinstance(plan, SearchPlan):
        from service.search.suggested import Suggested  # Optuna takes a while to import

        return Suggested(study, folder, added)
    if plan.until is not None:
        return LookByLook(plan, folder, added, settled)
    return Listed(plan.todo, folder, study.metric, study.mode, settled)
