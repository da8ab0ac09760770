"""Where an interval to come may lie: before seeds are trained, or between some and more of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

from claims.statistics.interval import Spread

_Floats = npt.NDArray[np.float64]
_NODES = (np.arange(400) + 0.5) / 400.0  # probabilities at which the spread to come is looked at


@dataclass(frozen=True)
class Odds:
    """The probabilities, in [0, 1], that all of an interval lies where it is wanted, or none."""

    inside: float
    outside: float


def odds(
    places: Sequence[tuple[float, float]],
    mean: float,
    error: float,
    spread: Spread,
    alpha: float,
    alpha_outside: float,
    known: tuple[float, float] = (0.0, 0.0),
) -> Odds:
    """Of an estimate that is normal, independent of the estimate of its spread (chi-square).

    places: open intervals where it is wanted.
    mean, error: of the estimate.
    spread: what its errors are truly made of, with the degrees of freedom that will be there.
    alpha: what the interval may err with.
    alpha_outside: that of the one that must lie outside.
    known: degrees of freedom of the seeds that are there already, and the sum of their squares, in
        true variances.
    """
    df, squares = known
    rest = (spread.df - df) / 2.0
    to_come = 2.0 * scipy.special.gammaincinv(rest, _NODES) if rest > 0.0 else np.zeros(1)
    scales = np.sqrt((squares + to_come) / spread.df)
    within, beyond = (spread.half(each, scales) for each in (alpha, alpha_outside))

    def below(bound: _Floats) -> _Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (bound - mean) / error
        return np.asarray(scipy.special.ndtr(np.where(bound == mean, 0.0, z)))

    inside, touching = np.zeros_like(within), np.zeros_like(within)
    reached = np.full_like(within, -math.inf)
    for low, high in sorted(places):
        inside += np.maximum(below(high - within) - below(low + within), 0.0)
        start = np.maximum(low - beyond, reached)
        touching += np.maximum(below(high + beyond) - below(start), 0.0)
        reached = np.maximum(high + beyond, reached)
    return Odds(float(inside.mean()), float(1.0 - touching.mean()))


def at_bound(df: float, sure: float) -> float:
    """What a standard deviation of `df` degrees of freedom is times at a bound, > 0.

    sure: how sure the true one is to be below, one-sided, in (0, 1). At 0.8 it is what is planned
        with where a pilot was small (Browne, Statistics in Medicine 14, 1933, 1995).
    """
    return math.sqrt(df / (2.0 * float(scipy.special.gammaincinv(df / 2.0, 1.0 - sure))))
