"""What is said of two variants of a sweep."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from claims.evidence import spelt
from claims.kinds.kind import Part, Selection
from claims.measures import ACCURACY, Measure


class Pair(Part):
    """A test of how far a number of `of` lies from that of `to`."""

    of: Selection
    to: Selection
    on: Measure = ACCURACY

    @property
    def says(self) -> str:
        """For people: "test/accuracy: loss=center less loss=cross_entropy"."""
        return f"{self.on.says}: {spelt(self.of)} less {spelt(self.to)}"

    @property
    def compares(self) -> Collection[str]:
        """What is not the same in both."""
        return [n for n in {**self.of, **self.to} if self.of.get(n) != self.to.get(n)]

    def selections(self) -> Iterator[Selection]:
        """Both."""
        yield from (self.of, self.to)

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Those of both."""
        yield from self.of.items()
        yield from self.to.items()
