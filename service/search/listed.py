"""Trials that were listed before anything ran; some wait until others have ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from runs.folder import RunFolder
from service.search import tuning
from service.trial_spec import TrialSpec


class Listed:
    """One trial after the other, in their order; one whose search goes on lets others pass.

    settled: is told the key of a trial that ended without running, since its search left nothing.
    """

    prunes = False
    sequential = False
    notes: Sequence[str] = ()

    def __init__(
        self,
        specs: Sequence[TrialSpec],
        folder: RunFolder,
        metric: str,
        mode: Literal["min", "max"],
        settled: Callable[[str], None] = lambda key: None,
    ) -> None:
        self._left = {spec.key: spec for spec in specs}
        self._folder, self._metric, self._mode = folder, metric, mode
        self._settled = settled
        self._running: set[str] = set()

    def next(self) -> TrialSpec | None:
        """See Source."""
        for key, spec in [*self._left.items()]:
            if spec.among and not self._ready(spec):
                continue
            self._left.pop(key)
            if spec.among:
                found = tuning.resolve(spec, self._folder, self._metric, self._mode)
                if found is None:
                    self._settled(key)
                    continue
                spec = found
            self._running.add(key)
            return spec
        return None

    def _ready(self, spec: TrialSpec) -> bool:
        """Whether all have ended that decide its settings; one that was stopped keeps it back."""
        if any(key in self._left or key in self._running for key in spec.among):
            return False
        if all(self._folder.trial(key).ending is not None for key in spec.among):
            return True
        del self._left[spec.key]  # resuming goes on with the search, and then with this
        return False

    @property
    def over(self) -> bool:
        """See Source."""
        return not self._left

    @property
    def done(self) -> bool:
        """Whether all of them have been given out, and none runs."""
        return not self._left and not self._running

    def told(self, key: str, line: Mapping[str, Any]) -> bool:
        """See Source: none ends early."""
        return False

    def ended(self, key: str) -> None:
        """See Source."""
        self._running.discard(key)
