"""What a test lacks in a run, as a value: what is said of it, and what would have to be there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True)
class Needs:
    """What a run would have to have.

    seeds: so many.
    sweeps: those that it did not run.
    test_curves: whether test would have to be measured by epoch.
    free: settings that it was given other values for.
    data_sets: whether it takes runs on others.
    end: whether trials that were stopped, or failed, would have to end.
    hopeless: whether no such trial can end well.
    anew: whether trials that have ended would have to be run again, in a run of their own.
    """

    seeds: int = 0
    sweeps: frozenset[str] = frozenset()
    test_curves: bool = False
    free: frozenset[str] = frozenset()
    data_sets: bool = False
    end: bool = False
    hopeless: bool = False
    anew: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            max(self.seeds, other.seeds),
            self.sweeps | other.sweeps,
            self.test_curves or other.test_curves,
            self.free | other.free,
            self.data_sets or other.data_sets,
            self.end or other.end,
            self.hopeless or other.hopeless,
            self.anew or other.anew,
        )


NOTHING = Needs()


def together(needs: Iterable[Needs]) -> Needs:
    """All of them."""
    return reduce(Needs.__or__, needs, NOTHING)


class Missing(ValueError):
    """A trial did not measure it, or there is no such trial."""

    def __init__(self, said: str, needs: Needs | None = None) -> None:
        super().__init__(said)
        self.needs = needs or NOTHING


class Unfinished(Missing):
    """There are such trials, but none finished."""


class Uncounted(Missing):
    """Networks died, and what is compared has no number of one that did."""


class LearntNothing(Missing):
    """Every network of what is compared died."""
