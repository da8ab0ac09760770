"""An effect, how sure it is, and what it rests on: seeds and test images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from claims.statistics.dunnett import critical

LEAST_ALPHA = 1e-15  # below it nothing is ever decided
_ALPHAS = np.geomspace(1.0, 1e-12, 400)[1:]


@dataclass(frozen=True)
class Spread:
    """What the errors of an estimate are made of, in its unit.

    seeds: standard error from seeds, 0 where there is one.
    df: its degrees of freedom.
    images: standard error from test images, 0 where nothing is known of them.
    least: standard error from images below which no interval goes.
    comparisons: how many of one family hold together (Dunnett).
    share: of alpha, in (0, 1], that the family has where it is a part of a larger one.
    """

    seeds: float
    df: float
    images: float = 0.0
    least: float = 0.0
    comparisons: int = 1
    share: float = 1.0

    def half(self, alpha: npt.ArrayLike, times: npt.ArrayLike = 1.0) -> npt.NDArray[np.float64]:
        """Half of the width of intervals that err with probability alpha, of its shape.

        times: what the standard error from seeds is multiplied by, of a shape like alpha's.

        The squares of both parts' half-widths add up, each with its own quantile: never too narrow
        for normal errors (Banerjee, Biometrika 48, 105, 1961).
        """
        alpha = np.maximum(self.share * np.asarray(alpha, np.float64), LEAST_ALPHA)
        by_images = critical(alpha, self.comparisons, math.inf)
        by_seeds = critical(alpha, self.comparisons, self.df) if self.seeds else 0.0
        both = np.square(by_seeds * self.seeds * np.asarray(times)) + np.square(
            by_images * self.images
        )
        return np.asarray(np.sqrt(np.maximum(both, np.square(by_images * self.least))))

    def p(self, stray: float) -> float:
        """The largest alpha whose interval does not reach so far from the estimate, in [0, 1]."""
        if not self.seeds and not self.images and not self.least:
            return 0.0 if stray else 1.0
        halves = self.half(_ALPHAS)
        return float(np.exp(np.interp(abs(stray), halves, np.log(_ALPHAS), left=0.0)))

    def detectable(self, alpha: float, power: float = 0.8) -> float:
        """The true effect whose interval excludes 0 with probability `power`.

        The squares of what seeds and images need add up, each the sum of two quantiles; of few
        seeds it is rough, as their spread is.
        """
        two_sided = 2.0 * (1.0 - power)  # the quantile of one side
        seeds = critical(self.share * alpha, self.comparisons, self.df) + critical(
            two_sided, 1, self.df
        )
        images = critical(self.share * alpha, self.comparisons, math.inf) + critical(
            two_sided, 1, math.inf
        )
        both = math.hypot(float(seeds) * self.seeds, float(images) * self.images)
        return max(both, float(images) * self.least)

    def with_seeds(self, now: int, then: int) -> Spread:
        """The same with another number of seeds, both >= 2."""
        seeds = self.seeds * math.sqrt(now / then)
        return replace(self, seeds=seeds, df=self.df / (now - 1) * (then - 1))


@dataclass(frozen=True)
class Difference:
    """An estimate, its interval [low, high] and the two-sided p-value of its being 0, in [0, 1].

    Positive where `of` has more than `to`.

    confidence: of the interval, in (0, 1).
    seeds, images: over how many the interval is, images None where it knows nothing of others.
    spread: what the interval is made of.
    declared: whether a claim named it beforehand, so that it stands alone.
    drawn: whether the seed decides anything of it; if not, seeds is 1, and another has the same.
    """

    estimate: float
    low: float
    high: float
    p: float
    confidence: float
    seeds: int
    images: int | None
    spread: Spread
    declared: bool = False
    drawn: bool = True

    @property
    def negative(self) -> Difference:
        """That of the two the other way round."""
        return replace(self, estimate=-self.estimate, low=-self.high, high=-self.low)

    @property
    def from_seeds(self) -> float:
        """Half of the width that seeds alone imply."""
        alone = replace(self.spread, images=0.0, least=0.0)
        return float(alone.half(1.0 - self.confidence))

    @property
    def from_images(self) -> float:
        """What test images add to that: the squares of both are that of half of the whole width."""
        whole = float(self.spread.half(1.0 - self.confidence))
        return math.sqrt(max(whole**2 - self.from_seeds**2, 0.0))

    @property
    def detectable(self) -> float:
        """The true effect that would be found 4 times in 5, in the estimate's unit."""
        return self.spread.detectable(1.0 - self.confidence)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0.0 or self.high < 0.0

    def p_at(self, value: float) -> float:
        """Two-sided p-value of the true effect's being `value`."""
        return self.spread.p(self.estimate - value)


def interval(
    estimate: float,
    spread: Spread,
    alpha: float,
    seeds: int,
    images: int | None,
    possible: tuple[float, float] = (-math.inf, math.inf),
) -> Difference:
    """An estimate with the interval that errs with probability alpha.

    possible: the values that it can have at all; the interval ends there.
    """
    half = float(spread.half(alpha))
    low, high = max(estimate - half, possible[0]), min(estimate + half, possible[1])
    return Difference(estimate, low, high, spread.p(estimate), 1.0 - alpha, seeds, images, spread)
