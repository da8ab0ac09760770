"""What is said of two variants of a sweep."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from claims.estimates import Estimate, apart
from claims.evidence import Sample, left_out, select, spelt
from claims.finding import Finding
from claims.kinds.judging import of_deaths
from claims.kinds.kind import Part, Selection
from claims.measures import ACCURACY, Measure
from claims.needs import Missing
from runs.run import Run
from runs.variants import Variant


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

    def pair(self, run: Run) -> tuple[Variant, Variant] | None:
        """Both, where the run has them."""
        try:
            of, to = self.samples(run)
        except Missing:
            return None
        return of.variant, to.variant

    def selections(self) -> Iterator[Selection]:
        """Both."""
        yield from (self.of, self.to)

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Those of both."""
        yield from self.of.items()
        yield from self.to.items()

    def samples(self, run: Run) -> tuple[Sample, Sample]:
        """Both, as the run has them. Raises Missing where it lacks one."""
        return select(run, self.sweep, self.of), select(run, self.sweep, self.to)

    def estimates(self, run: Run, samples: tuple[Sample, Sample]) -> list[Estimate]:
        """How far they lie apart. Raises Missing as `estimates.apart` does."""
        return apart(run, self.sweep, *samples, self.on)

    def notes(self, run: Run, samples: Sequence[Sample], finding: Finding) -> str:
        """What else to know, sentences."""
        trials = [trial for one in samples for trial in one.trained.values()]
        late = self.on.caveat(trials, trials)
        notes = [left_out(run, samples), late, of_deaths(finding)]
        return " ".join(note for note in notes if note)
