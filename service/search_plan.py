"""The plan of a search: it lists its trials itself, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from runs.folder import RunFolder
from runs.record import Status, TrialAsked
from service.plan import Plan
from service.search.space import Space
from trainables.protocol import Settings


@dataclass(frozen=True)
class SearchPlan(Plan):
    """See Plan; its trials are those that are known so far."""

    @property
    def cases(self) -> list[Settings]:
        """The settings of every variant that it may choose."""
        return Space(self.study, self.asked.only).cases

    @property
    def reading(self) -> list[Settings]:
        """See Plan."""
        return self.cases

    @property
    def lacks(self) -> bool:
        """See Plan."""
        if self.todo or self.folder is None:
            return True
        before = self.folder.study
        changed = {"asked": self.asked, "trials": self.listed(before)}
        return self.folder.searching(before.model_copy(update=changed))

    @property
    def left(self) -> tuple[int, int]:
        """How many settings it has yet to try, and how often to train the best."""
        ended = {"search": 0, "compared": 0}
        for spec in self.trials:
            if spec.role in ended and self.folder:
                ended[spec.role] += self.folder.trial(spec.key).ending is not None
        tried = (self.asked.trials or 0) - ended["search"]
        return max(0, tried), max(0, self.asked.seeds - ended["compared"])

    @property
    def expected(self) -> int:
        """See Plan: also those that it has yet to list."""
        return max(1, sum(self.left))

    @property
    def amount(self) -> str:
        """See Plan."""
        tried, compared = self.left
        seeds = f"{compared} seed{'' if compared == 1 else 's'}"
        return f"A search of {tried} trials, the best of which is trained again with {seeds}"

    def status(self, folder: RunFolder, asked: Collection[str]) -> Status:
        """See Plan: no trial may lack, listed or not."""
        return folder.status()

    def _has(self, sweep: str, listed: Sequence[TrialAsked]) -> bool:
        return not self.asked.only or sweep in self.asked.only
