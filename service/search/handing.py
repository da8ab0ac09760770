"""Who has been given which trial: what Ray takes along when it ends is given out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runs.folder import RunFolder
from service.search.source import Source
from service.trial_spec import TrialSpec


class Handing:
    """Hands out the trials of a source, each until it has ended."""

    def __init__(self, source: Source, folder: RunFolder) -> None:
        self._source, self._folder = source, folder
        self._out: dict[str, TrialSpec] = {}
        self._again: list[TrialSpec] = []

    def next(self, slots: int) -> TrialSpec | None:
        """The trial to run next; None if there is none as long as others run.

        slots: how many can run at once.
        """
        if self._again:
            return self._again.pop(0)
        if self._source.sequential and len(self._out) >= slots:
            return None
        spec = self._source.next()
        if spec is not None:
            self._out[spec.key] = spec
        return spec

    @property
    def over(self) -> bool:
        """Whether none will come any more."""
        return not self._again and self._source.over

    def told(self, key: str, line: Mapping[str, Any]) -> bool:
        """A trial committed a line; whether it goes on."""
        return not self._source.told(key, line)

    def ended(self, key: str) -> None:
        """A trial runs no more."""
        if self._out.pop(key, None) is not None:
            self._source.ended(key)

    def again(self) -> bool:
        """Nothing runs any more: whatever has not ended is given out again; whether any is left."""
        for key in [key for key in self._out if self._folder.trial(key).ending is not None]:
            self.ended(key)
        self._again = [*self._out.values()]
        return bool(self._again) or not self._source.over
