"""A weighted sum of variants' means, such as a difference or a slope, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from claims.statistics.images import image_errors
from claims.statistics.interval import Spread
from claims.statistics.pool import pool, residual

_Floats = npt.NDArray[np.float64]


def spread_of(
    table: npt.ArrayLike, weights: npt.ArrayLike, images: Sequence[npt.ArrayLike] | None = None
) -> tuple[Spread, frozenset[int]]:
    """What the errors of `weights` @ (means over seeds) are made of.

    Of variants whose own spread over seeds is larger than that of all, their own counts; variances
    of several kinds add up, with the degrees of freedom of Satterthwaite (Biometrics Bulletin 2,
    110, 1946).

    table: values (V, S) of V variants that share their spread over seeds, S >= 1.
    weights: (V,), 0 for those that only share their spread. They sum to 0, so that what a seed does
        to all variants cancels; of one variant alone, (1,), that is in its spread.
    images: of each variant with a weight, its values (S, N) on the same test images; None where
        nothing is known of these.

    Returns that, and the rows with a weight whose own spread is in it.
    """
    rows, factors = np.asarray_chkfinite(table, np.float64), np.asarray(weights, np.float64)
    by_seeds, df, apart = 0.0, 1.0, frozenset[int]()
    if rows.shape[1] > 1:
        by_seeds, df, apart = _over_seeds(rows, factors)
    if images is None:
        return Spread(by_seeds, df), apart
    used = factors[factors != 0.0]
    values = sum(w * np.asarray(one, np.float64) for w, one in zip(used, images, strict=True))
    errors = image_errors(np.asarray(values), float(used @ used) / 2.0)
    return Spread(by_seeds, df, *errors), apart


def _over_seeds(rows: _Floats, factors: _Floats) -> tuple[float, float, frozenset[int]]:
    """Standard error from seeds, its degrees of freedom, and the rows whose own spread is in it."""
    seeds = rows.shape[1]
    if len(rows) == 1:
        spread = 0.0 if _rounded(rows) else float(rows[0].std(ddof=1))
        return abs(float(factors[0])) * spread / math.sqrt(seeds), seeds - 1.0, frozenset()
    shared = pool(rows)
    squares = np.square(factors)
    apart = {row: own for row, own in shared.apart.items() if squares[row]}
    variance, df = shared.variance, shared.df
    quiet = [row for row in range(len(rows)) if row not in shared.apart]
    if apart and len(quiet) > 1:  # each part counted once
        variance, df = residual(rows[quiet])
    parts = [(squares[row] * own, seeds - 1) for row, own in apart.items()]
    parts.append((variance * (squares.sum() - squares[[*apart]].sum()), df))
    whole = sum(part for part, _ in parts)
    if not whole:
        return 0.0, float(df), frozenset()
    df_whole = whole**2 / sum(part**2 / own for part, own in parts)
    return math.sqrt(whole / seeds), float(df_whole), frozenset(apart)


def _rounded(values: _Floats) -> bool:
    """Whether their spread is no more than what rounding leaves."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
