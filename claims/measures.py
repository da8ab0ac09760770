"""What is read off a trial to compare it by: one number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from claims.needs import Missing, Needs
from claims.units import unit_of
from claims.value import Value
from runs.record import TrialRecord


class _Measure(Value):
    VERSION: ClassVar[int] = 1
    """Counted up when the same curve gives another number: a claim on it is then another claim."""

    @property
    def unit(self) -> str:
        """What follows the number."""
        return ""

    @property
    def scale(self) -> float:
        """What the number is multiplied by for people."""
        return 1.0

    def caveat(self, trials: Sequence[tuple[TrialRecord, Sequence[TrialRecord]]]) -> str:
        """What else to know of the numbers of these trials, each with its rivals; a sentence."""
        return ""


class Last(_Measure):
    """The last value of a metric."""

    kind: Literal["last"] = "last"
    metric: str

    @property
    def unit(self) -> str:
        """That of the metric: accuracies and their like are told in points."""
        return unit_of(self.metric).word

    @property
    def scale(self) -> float:
        """That of the metric's unit."""
        return unit_of(self.metric).scale

    @property
    def says(self) -> str:
        """For people."""
        return self.metric

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """Of one trial; rivals: those of its seed that it is compared with, itself among them."""
        if self.metric not in trial.metrics:
            raise _unmeasured(self.metric, "")
        return trial.metrics[self.metric]


class At(Last):
    """A metric after a share, in (0, 1], of the epochs, rounded up."""

    kind: Literal["at"] = "at"  # type: ignore[assignment]
    share: float = Field(gt=0, le=1)

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} after {100 * self.share:.0f} % of the epochs"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The metric of that epoch."""
        values = curve(trial, self.metric)
        return float(values[math.ceil(self.share * len(values)) - 1])


class Gap(Last):
    """The last value of a metric, less that of another."""

    kind: Literal["gap"] = "gap"  # type: ignore[assignment]
    less: str

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} - {self.less}"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The difference of the two."""
        return super().of(trial, rivals) - Last(metric=self.less).of(trial, rivals)


class Rise(_Measure):
    """How far the last value of a curve lies above its lowest: 0 where it falls to the end.

    Never below 0, so that noise alone lifts it: judge by it only what is far above.
    """

    kind: Literal["rise"] = "rise"
    metric: str

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} at the end above its lowest"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """Last less lowest."""
        values = curve(trial, self.metric)
        return float(values[-1] - values.min())


class Total(_Measure):
    """The sum of a metric over epochs, such as seconds."""

    kind: Literal["total"] = "total"
    metric: str

    @property
    def unit(self) -> str:
        """Times are in seconds."""
        return "s" if self.metric.startswith("time/") else ""

    @property
    def says(self) -> str:
        """For people."""
        return f"{self.metric} in all"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """The sum."""
        return float(curve(trial, self.metric).sum())


class Roughness(_Measure):
    """Mean absolute change of a curve's epoch-to-epoch differences: 0 for a straight line.

    Of means over epochs; what goes on within an epoch is not in it.
    """

    kind: Literal["roughness"] = "roughness"
    metric: str

    @property
    def says(self) -> str:
        """For people."""
        return f"roughness of {self.metric}"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """mean |second difference|."""
        values = curve(trial, self.metric)
        if len(values) < 3:
            said = f"{self.metric} has {len(values)} epochs, and roughness needs 3"
            raise Missing(said, Needs(free=frozenset({"epochs"})))
        return float(np.abs(np.diff(values, 2)).mean())


class EpochsTo(_Measure):
    """Epochs until a loss has fallen to a level, with parts of an epoch on a straight line.

    The level is what `by` names: "slowest", the highest of the rivals' lowest losses, which all
    reach; or "last", the loss at which the last of the rivals (what is compared with) ends. Where
    it is not reached, one more than all epochs; the first epoch counts as 1 whenever in it.
    """

    kind: Literal["epochs_to"] = "epochs_to"
    metric: str = "train/loss"
    by: Literal["slowest", "last"] = "slowest"

    @property
    def unit(self) -> str:
        """Epochs."""
        return "epochs"

    @property
    def says(self) -> str:
        """For people."""
        whose = "all reach" if self.by == "slowest" else "the other ends at"
        return f"epochs to the {self.metric} that {whose}"

    def of(self, trial: TrialRecord, rivals: Sequence[TrialRecord]) -> float:
        """Epochs, at least 1."""
        values = curve(trial, self.metric)
        if self.by == "slowest":
            level = max(float(curve(rival, self.metric).min()) for rival in rivals)
        else:
            level = float(curve(rivals[-1], self.metric)[-1])
        reached = np.flatnonzero(values <= level)
        if not len(reached):
            return len(values) + 1.0
        end = int(reached[0])
        if end == 0:
            return 1.0
        before, after = values[end - 1], values[end]
        return float(end + (before - level) / (before - after))

    def caveat(self, trials: Sequence[tuple[TrialRecord, Sequence[TrialRecord]]]) -> str:
        """How many never get there."""
        late = [self.of(t, rivals) > len(curve(t, self.metric)) for t, rivals in trials]
        return f"{sum(late)} of {len(late)} never get there." if any(late) else ""


ACCURACY = Last(metric="test/accuracy")
Measure = Annotated[
    Last | At | Gap | Rise | Total | Roughness | EpochsTo, Field(discriminator="kind")
]


def curve(trial: TrialRecord, metric: str) -> np.ndarray:
    """A metric by epoch, (E,)."""
    values = [line[metric] for line in trial.lines if metric in line]
    if not values:
        raise _unmeasured(metric, " by epoch")
    return np.array(values, dtype=np.float64)


def _unmeasured(metric: str, how: str) -> Missing:
    curves = metric.startswith("test_curve/")
    return Missing(f"{metric} was not measured{how}", Needs(test_curves=curves))
