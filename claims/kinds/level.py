"""One variant reaches so much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from claims.aim import Aim, supposed_level
from claims.estimates import Estimate, ways
from claims.evidence import Sample, left_out, select, spelt
from claims.finding import Finding
from claims.kinds.judging import Region, found, in_words, of_deaths
from claims.kinds.kind import Part, Selection
from runs.run import Run


class Level(Part):
    """The mean of a number of one variant lies in `within`."""

    kind: Literal["level"] = "level"
    of: Selection
    within: Region

    @property
    def says(self) -> str:
        """For people: "train/accuracy of loss=center"."""
        return f"{self.on.says} of {spelt(self.of)}"

    @property
    def wanted(self) -> str:
        """For people: "above 95 points"."""
        return in_words(self.within, self.on)

    @property
    def compares(self) -> None:
        """Nothing."""
        return None

    def selections(self) -> Iterator[Selection]:
        """The one."""
        yield self.of

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Those of the one."""
        yield from self.of.items()

    def find(self, run: Run, alpha: float) -> Finding:
        """Where the interval of the mean lies; one seed has no spread to judge by."""
        samples = (select(run, self.sweep, self.of),)
        means = self._means(run, samples)
        finding = found(self, means, self.within, samples, samples, alpha)
        notes = [left_out(run, samples), of_deaths(finding)]
        return replace(finding, note=" ".join(note for note in notes if note))

    def aim(self, run: Run) -> Aim:
        """The mean, a little inside of where the claim wants it."""
        samples = (select(run, self.sweep, self.of),)
        means = self._means(run, samples)
        supposed = supposed_level(self.within, self.on, means[0])
        return Aim(means, self.within, samples, samples, *supposed)

    def _means(self, run: Run, samples: Sequence[Sample]) -> list[Estimate]:
        return [way.estimate((1.0,)) for way in ways(run, samples, self.on)]
