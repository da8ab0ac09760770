"""Two variants of a sweep lie so far apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Self

from claims.aim import Aim, supposed_difference
from claims.evidence import Sample, spelt
from claims.finding import Finding
from claims.kinds.judging import Region, found, in_words
from claims.kinds.kind import Selection, listed
from claims.kinds.pair import Pair
from claims.measures import ACCURACY, At, Last, Measure
from claims.units import POINTS
from runs.run import Run


class Differs(Pair):
    """The mean difference of a number, `of` less `to`, lies in `within`."""

    kind: Literal["differs"] = "differs"
    within: Region

    @property
    def wanted(self) -> str:
        """For people: "above 5 points"."""
        return in_words(self.within, self.on)

    @classmethod
    def counts_together(cls, tests: Sequence[Self]) -> str:
        """For people: "test/accuracy: x=a and x=b less x=c, each above 5 points"."""
        others: dict[str, list[str]] = {}
        for test in tests:
            others.setdefault(spelt(test.to), []).append(spelt(test.of))
        pairs = ", ".join(f"{listed(of)} less {to}" for to, of in others.items())
        each = "each " if len(tests) > 1 else ""
        return f"{tests[0].on.says}: {pairs}, {each}{tests[0].wanted}"

    def find(self, run: Run, alpha: float) -> Finding:
        """Where the interval of the mean difference lies."""
        samples = self.samples(run)
        estimates = self.estimates(run, samples)
        favoured = self._favoured(samples)
        finding = found(self, estimates, self.within, samples, favoured, alpha)
        return replace(finding, note=self.notes(run, samples, finding))

    def aim(self, run: Run) -> Aim:
        """The difference: as far apart as the claim is about, or not at all."""
        samples = self.samples(run)
        estimates = self.estimates(run, samples)
        supposed = supposed_difference(self.within, self.on, estimates[0])
        return Aim(estimates, self.within, samples, self._favoured(samples), *supposed)

    def _favoured(self, samples: tuple[Sample, Sample]) -> Sequence[Sample]:
        """For which the claim speaks: both where it names no side.

        It speaks for the first, if not for the lower of two accuracies.
        """
        of, to = samples
        above = all(high is None for _, high in self.within)
        below = all(low is None for low, _ in self.within)
        if not above and not below:
            return samples
        shares = isinstance(self.on, Last | At) and self.on.unit == POINTS.word
        return (to,) if below and shares else (of,)


def beats(
    sweep: str, of: Selection, to: Selection, by: float = 0.0, on: Measure = ACCURACY
) -> Differs:
    """`of` is above `to` by more than `by`, in the number's unit (accuracies: 0..1)."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((by, None),))


def below(sweep: str, of: Selection, to: Selection, on: Measure) -> Differs:
    """`of` is below `to`."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((None, 0.0),))


def alike(
    sweep: str, of: Selection, to: Selection, margin: float, on: Measure = ACCURACY
) -> Differs:
    """The whole interval of the difference lies within ±margin: an equivalence test."""
    return Differs(sweep=sweep, of=of, to=to, on=on, within=((-margin, margin),))
