"""Networks that died: whose numbers left the finite range, or that learnt nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from claims.statistics.rates import at_most, p_above
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant

LEVEL = 0.01  # of the test of being above chance


@dataclass(frozen=True)
class Deaths:
    """How many trials of a variant died.

    variant: what it is called.
    dead, of: how many of how many that ended.
    expected: whether the study said of all that died that they may.
    draws: whether other seeds may end otherwise.
    """

    variant: str
    dead: int
    of: int
    expected: bool
    draws: bool = True

    @property
    def at_most(self) -> float:
        """The largest share of seeds that may die, in [0, 1], at 95 %."""
        return at_most(self.dead, self.of)


def at_chance(trial: TrialRecord) -> bool:
    """Whether its test accuracy is not above chance (binomial, p > 0.01).

    Chance is what as many predictions of each class would have right if they knew nothing of the
    images: always naming one class has its share. False where no predictions are left.
    """
    own = trial.hits
    if own is None:
        return False
    return p_above(int(own.right.sum()), len(own.right), own.by_chance) > LEVEL


def dead(trial: TrialRecord) -> bool:
    """Whether it diverged, or ended at chance."""
    return trial.diverged or (trial.finished and at_chance(trial))


def deaths(name: str, trials: Sequence[TrialRecord], may_diverge: Collection[str]) -> Deaths:
    """Those of a variant.

    name: what it is called.
    trials: all of its trials.
    may_diverge: keys of the trials of which the study expects it.
    """
    ended = [trial for trial in trials if trial.ended]
    lost = [trial for trial in ended if dead(trial)]
    return Deaths(name, len(lost), len(ended), all(trial.key in may_diverge for trial in lost))


def of_variants(run: Run) -> dict[Variant, Deaths]:
    """Of every variant of which a network died, how many did."""
    may_diverge = {trial.key for trial in run.study.compared if trial.may_diverge}
    every = {v: deaths(v.name, v.trials, may_diverge) for v in run.variants}
    return {variant: own for variant, own in every.items() if own.dead}


def chance(trials: Sequence[TrialRecord]) -> float | None:
    """The accuracy of always naming the largest class of the test images; None where unknown."""
    known = (trial.hits for trial in trials if trial.finished)
    return next((own.largest_class for own in known if own is not None), None)
