"""A weighted sum of variants' means, such as a difference or a slope, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from claims.statistics.images import image_errors
from claims.statistics.interval import Spread
from claims.statistics.pool import pool, standard_error

_Floats = npt.NDArray[np.float64]


def spread_of(
    table: npt.ArrayLike,
    weights: npt.ArrayLike,
    images: Sequence[npt.ArrayLike] | None = None,
    *,
    apart: bool = False,
) -> tuple[Spread, bool]:
    """What the errors of `weights` @ (means over seeds) are made of.

    table: values (V, S) of V variants that share their spread over seeds, S >= 1.
    weights: (V,), 0 for those that only share their spread. They sum to 0, so that what a seed does
        to all variants cancels; of one variant alone, (1,), that is in its spread.
    images: of each variant with a weight, its values (S, N) on the same test images; None where
        nothing is known of these.
    apart: whether those with a weight share no spread, as where one of them never changes.

    Returns that, and whether the variants' own spread over seeds is in it, not that of all.
    """
    rows, factors = np.asarray_chkfinite(table, np.float64), np.asarray(weights, np.float64)
    seeds = rows.shape[1]
    by_seeds, df, own = 0.0, 1.0, False
    if seeds > 1:
        shared = pool(rows) if len(rows) > 1 and not apart else None
        own = shared is None or bool(shared.apart & {*np.flatnonzero(factors)})
        if shared is None or own:
            each = factors @ rows
            spread = 0.0 if np.ptp(each) <= 1e-12 * np.abs(rows).max() else each.std(ddof=1)
            by_seeds, df = float(spread) / math.sqrt(seeds), seeds - 1.0
        else:
            by_seeds, df = standard_error(shared.variance, factors, seeds), float(shared.df)
    if images is None:
        return Spread(by_seeds, df), own
    used = factors[factors != 0.0]
    values = sum(w * np.asarray(one, np.float64) for w, one in zip(used, images, strict=True))
    return Spread(by_seeds, df, *image_errors(np.asarray(values), float(used @ used) / 2.0)), own
