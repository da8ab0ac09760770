"""The names that a paragraph of an answer has, bound to one sweep of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claims import Selection
from claims.comparisons import Comparison, between
from claims.evidence import fitting, select
from claims.measures import Last
from claims.needs import LearntNothing, Missing, Unfinished
from claims.statistics.interval import Difference
from claims.tuned import SIGN
from claims.units import POINTS, unit_of
from claims.verdicts import Verdict
from reports import differences, tables
from reports.answer_template import TAKES
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant, label

AS_IN_TABLE = {
    metric.partition("/")[2]: (scale, digits, sign)
    for metric, scale, digits, sign in tables.COLUMNS.values()
}


class AnswerError(ValueError):
    """A number that an answer needs is missing, or contradicts its sentence."""


@dataclass(frozen=True)
class Best:
    """The best variant of a sweep, which prints as what it is called."""

    variant: Variant
    name: str

    def __str__(self) -> str:
        return self.name


Named = str | Selection | Best
"""A variant as a paragraph gives it, see `answer_template`."""


class Words:
    """What `answer_template` promises, for one paragraph.

    told: the differences that it has told.
    """

    def __init__(
        self, run: Run, sweep: str, verdicts: Sequence[Verdict], compared: Comparison | None
    ) -> None:
        self._run, self._sweep, self._verdicts, self._compared = run, sweep, verdicts, compared
        self.told: list[Difference] = []

    def names(self) -> dict[str, Callable[..., Any]]:
        """Every name with its function."""
        return {name: getattr(self, name) for name in TAKES}

    def test(self, variant: Named) -> str:
        """The mean of what variants are compared on."""
        return self.mean(self._run.outcome, variant)

    def mean(self, metric: str, variant: Named) -> str:
        """The mean of a metric in its unit, with the digits that the page's table gives it."""
        number = self.value(metric, variant)
        scale, digits, sign = AS_IN_TABLE.get(metric.partition("/")[2], (1, None, ""))
        if digits is None:
            return unit_of(metric).value(number)
        return f"{scale * number:.{digits}f}{sign}"

    def value(self, metric: str, variant: Named) -> float:
        """The mean of a metric over seeds."""
        own = select(self._run, self._sweep, self._settings(variant)).variant
        if not own.finished:
            raise Unfinished(f"no trial of {own.name} finished: {own.trials[0].reason}")
        return _mean(own.finished, metric)

    def best(self) -> Best:
        """The variant with the best mean of the study's metric."""
        run = self._run
        own = [variant for variant in run.sweep(self._sweep) if variant.finished]
        if not own:
            raise Unfinished("no variant finished")
        # A seed that diverged counts against a variant, as in `tuned.own_variants`; having one seed
        # alone, as what draws nothing, does not.
        sign = SIGN[run.study.mode]
        ranks = {
            v: (len(v.finished) - len(v.trials), sign * _mean(v.finished, run.study.metric))
            for v in own
        }
        best = max(own, key=ranks.__getitem__)
        return Best(best, self._called(best))

    def finished(self, variant: Named) -> int:
        """How many seeds finished."""
        try:
            own = select(self._run, self._sweep, self._settings(variant)).variant
            return len(own.finished)
        except Missing:
            return 0

    def measured(self, metric: str, variant: Named) -> bool:
        """Whether every seed that finished has a metric, and one did."""
        try:
            own = select(self._run, self._sweep, self._settings(variant)).variant.finished
        except Missing:
            return False
        return bool(own) and all(metric in trial.metrics for trial in own)

    def against(self, variant: Named, other: Named, words: str = "") -> str:
        """How far a variant is above or below another, with the interval."""
        of, to = self._settings(variant), self._settings(other)
        name = words or (label(to, to) if isinstance(other, Mapping) else str(other))
        unit = unit_of(self._run.outcome)
        shown = self._in_table(*(select(self._run, self._sweep, one).variant for one in (of, to)))
        try:
            gap = shown or between(self._run, self._sweep, of, to)
        except LearntNothing as why:
            return f"not to be compared with {name} ({why})"
        except Unfinished:
            raise
        except Missing as why:
            return f"not to be told from {name} ({why})"
        told, ends, _ = differences.told(gap, unit)
        word = f" {unit.word}" if unit.word else ""
        self.told.append(gap)
        if not gap.excludes_zero:
            return f"not surely other than {name} ({told}{word}, {ends})"
        side = "above" if gap.estimate > 0 else "below"
        seed = "in this one seed " if differences.one_seed(gap) else ""
        return f"{told[1:]}{word} {side} {name} {seed}({ends})"

    def verdict(self, claim: str) -> str:
        """What became of a claim."""
        for one in self._verdicts:
            if one.claim.id == claim:
                return one.status
        raise Missing(f"there is no claim {claim}")

    def holds(self, true: bool, sentence: str) -> str:
        """Nothing; raises AnswerError where the numbers contradict the sentence."""
        if not true:
            raise AnswerError(
                f"The answer on {self._sweep} says that {sentence}, and the numbers of this run "
                "contradict it."
            )
        return ""

    def percent(self, share: float) -> str:
        """A share of 1 in percent."""
        return POINTS.value(share)

    def at(self, variant: Named, metric: str) -> float:
        """The mean of a metric over seeds."""
        return self.value(metric, variant)

    def _settings(self, variant: Named) -> Selection:
        if isinstance(variant, Best):
            return variant.variant.settings
        if isinstance(variant, Mapping):
            return variant
        try:
            return self._run.study.variants[variant]
        except KeyError:
            raise Missing(f"no variant is called {variant}") from None

    def _called(self, variant: Variant) -> str:
        """Its name in the study if it is the only one that this fits, else its label."""
        for name, settings in self._run.study.variants.items():
            if fitting(self._run, self._sweep, settings) == [variant]:
                return name
        return variant.label(self._sweep)

    def _in_table(self, of: Variant, to: Variant) -> Difference | None:
        """The difference as the run's table has it."""
        if self._compared is None or self._compared.baseline is not to:
            return None
        return self._compared.differences.get(of)


def _mean(trials: Iterable[TrialRecord], metric: str) -> float:
    return float(np.mean([Last(metric=metric).of(trial, ()) for trial in trials]))
