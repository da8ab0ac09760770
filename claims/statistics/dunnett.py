"""How far the largest of k comparisons with one baseline strays by chance (Dunnett's test).

Dunnett, Journal of the American Statistical Association 50, 1096, 1955: k differences T of
independent normal means to that of one baseline, in standard errors that share one estimate of `df`
degrees of freedom, so that any two correlate by 1/2. With k = 1 it is Student's t.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

_Floats = npt.NDArray[np.float64]
_LEAST, _MOST = 1e-3, 1e7  # standard errors between which a tail is tabulated


def tail(stray: npt.ArrayLike, comparisons: int, df: float) -> _Floats:
    """The probability that the largest |T| of k comparisons exceeds `stray`, of its shape (M,).

    stray: in standard errors, >= 0.
    comparisons: k >= 1.
    df: > 0; infinite for a known spread.
    """
    stray = np.asarray(stray, np.float64)
    if comparisons == 1:
        return np.asarray(
            2.0 * (scipy.special.stdtr(df, -stray) if df < math.inf else _below(-stray))
        )
    if df == math.inf:
        return _known(stray, comparisons)
    # s, in sigma, on a logarithmic scale, where the trapezoidal rule is exact to many digits.
    log_s = np.linspace(-25.0 / max(df, 1.0) - 2.0, math.log1p(12.0 / math.sqrt(df)), 160)
    log_density = df * log_s - df / 2.0 * np.exp(2.0 * log_s)
    weights = np.exp(log_density - log_density.max())
    beyond = _known(np.multiply.outer(stray, np.exp(log_s)), comparisons)
    return np.asarray(beyond @ weights / weights.sum())


def _below(x: npt.ArrayLike) -> _Floats:
    return np.asarray(scipy.special.ndtr(x))


def _known(stray: _Floats, comparisons: int) -> _Floats:
    """The same of a known spread: beside the baseline's own error z, all k are independent."""
    z = np.linspace(-8.0, 8.0, 41)
    weights = np.exp(-z * z / 2.0)
    far = math.sqrt(2.0) * stray[..., None]
    outside = np.minimum(_below(-far - z) + _below(z - far), 1.0)
    with np.errstate(divide="ignore"):  # of what surely strays, the logarithm of 0
        any_strays = -np.expm1(comparisons * np.log1p(-outside))
    return np.asarray(any_strays @ weights / weights.sum())


@lru_cache(maxsize=256)
def _curve(comparisons: int, df: float) -> Any:
    """The logarithm of what strays so far, by that of its tail."""
    stray = np.geomspace(_MOST, _LEAST, 150)
    tails = tail(stray, comparisons, df)
    there = (tails > 1e-300) & (tails < 1.0 - 1e-12)
    return scipy.interpolate.PchipInterpolator(np.log(tails[there]), np.log(stray[there]))


def critical(alpha: npt.ArrayLike, comparisons: int, df: float) -> _Floats:
    """What the largest |T| of k comparisons exceeds with probability alpha, of its shape.

    alpha: in (0, 1).
    comparisons, df: as in `tail`.
    """
    alpha = np.asarray(alpha, np.float64)
    if comparisons == 1:
        quantile = (
            scipy.special.stdtrit(df, alpha / 2.0)
            if df < math.inf
            else scipy.special.ndtri(alpha / 2.0)
        )
        return np.asarray(-quantile)
    if alpha.ndim:
        return np.asarray(np.exp(_curve(comparisons, df)(np.log(alpha))))
    return np.asarray(_root(float(alpha), comparisons, df))


@lru_cache(maxsize=4096)
def _root(alpha: float, comparisons: int, df: float) -> float:
    """The same of one alpha, which takes less than a curve."""

    def beyond(log_stray: float) -> float:
        return math.log(float(tail(math.exp(log_stray), comparisons, df)) / alpha)

    low, high = math.log(_LEAST), 2.0
    while beyond(high) > 0.0:
        high += 2.0
    return math.exp(scipy.optimize.brentq(beyond, low, high, xtol=1e-6))
