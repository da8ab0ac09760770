"""Where a run's trials come from, one after the other, and what may end one early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from service.trial_spec import TrialSpec


class Source(Protocol):
    """Gives trials to whoever has a place for one; lives in the driver's process.

    What it knows it reads off the run folder, so that one made anew goes on where it stood.
    """

    prunes: bool
    """Whether it may end trials early: then every line is told before the next epoch begins."""

    sequential: bool
    """Whether its next trial is the better the more have ended: none is asked for ahead of its
    place."""

    def next(self) -> TrialSpec | None:
        """The trial to run next, written down; None if there is none as long as others run."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences for people, to be said when all has ended."""

    @property
    def over(self) -> bool:
        """Whether nothing will come any more, whatever the trials that run come to."""

    def told(self, key: str, line: Mapping[str, Any]) -> bool:
        """A trial committed a line; whether it ends here, pruned."""

    def ended(self, key: str) -> None:
        """A trial runs no more: it ended as its folder says, or else was stopped."""
