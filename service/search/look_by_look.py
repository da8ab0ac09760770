"""The trials of a run that goes on until its claims are decided: after each look, more or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runs.folder import RunFolder
from service import looks, until_decided
from service.plan import Plan
from service.search.listed import Listed
from service.trial_spec import TrialSpec


class LookByLook:
    """Those that were listed, and then those that the next look takes; see Source.

    added: is told of every trial that a look adds.
    settled: see Listed.
    """

    prunes = False
    sequential = False
    notes: Sequence[str] = ()

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        added: Callable[[TrialSpec], None],
        settled: Callable[[str], None],
    ) -> None:
        self._plan, self._folder = plan, folder
        self._added, self._settled = added, settled
        self._listed, self._over = self._of(plan), False

    def _of(self, plan: Plan) -> Listed:
        study = plan.study
        return Listed(plan.todo, self._folder, study.metric, study.mode, self._settled)

    def next(self) -> TrialSpec | None:
        """See Source."""
        while not self._over:
            spec = self._listed.next()
            if spec is not None or not self._listed.done:
                return spec
            self._look()
        return None

    def _look(self) -> None:
        """All have ended: see how the claims stand."""
        looks.take(self._folder)
        more = until_decided.further(self._plan, self._folder)
        if more is None:
            self._over = True
            return
        more.extend(self._folder)
        print(f"{len(more.todo)} trials more.", flush=True)
        for spec in more.todo:
            self._added(spec)
        self._plan, self._listed = more, self._of(more)

    @property
    def over(self) -> bool:
        """See Source."""
        return self._over

    def told(self, key: str, line: Mapping[str, Any]) -> bool:
        """See Source: none ends early."""
        return False

    def ended(self, key: str) -> None:
        """See Source."""
        self._listed.ended(key)
