"""Two variants of a sweep lie so far apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from claims.evidence import detectable, effect, left_out, pairs, spelt
from claims.finding import Finding
from claims.kinds.kind import Region, Selection, in_words, judge_interval, listed
from claims.kinds.pair import Pair
from claims.measures import ACCURACY, Measure
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

    def find(self, run: Run, confidence: float) -> Finding:
        """Where the interval of the mean difference lies."""
        both = pairs(run, self.sweep, self.of, self.to)
        difference = effect(both, self.on, confidence)
        status = judge_interval(difference, self.within)
        notes = [
            left_out(run, self.sweep, (self.of, self.to), difference),
            self.on.caveat([(own, (own, other)) for own, other in both]),
        ]
        blind = detectable(both, self.on) if status == "no detectable difference" else None
        return Finding(
            says=self.says,
            status=status,
            wanted=self.wanted,
            effect=difference,
            scale=self.on.scale,
            unit=self.on.unit,
            detectable=blind,
            note=" ".join(note for note in notes if note),
        )


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
