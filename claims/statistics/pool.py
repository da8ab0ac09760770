"""The spread over seeds that the variants of a sweep share, and which of them do not share it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

APART = 0.125  # p-value of an F test below which a variant's own spread is larger

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """What is left of a table of variants and seeds without its rows' and columns' means.

    variance: of one value, in its unit squared.
    df: degrees of freedom, (V - 1)(S - 1) for V variants that share it.
    apart: rows whose own spread is larger.
    """

    variance: float
    df: int
    apart: frozenset[int]


def pool(rows: npt.ArrayLike) -> Pool:
    """The residual variance of a two-way layout (V, S), variants and seeds, that its rows share.

    A row stands apart whose own spread is larger: its differences to the mean of the others against
    what is left of these (F test, exact for normal noise, two-sided p < 0.25). It stays in the
    variance: pools without the rows that happen to spread most are too narrow (simulated in
    benchmarks/error_rates.py), and so are intervals from the own spread of those that happen to
    spread least. Two rows never stand apart: with V = 2 the pool is that of a paired t test.

    Raises ValueError for values that are not finite.
    """
    table = np.asarray_chkfinite(rows, np.float64)
    several = range(len(table)) if len(table) > 2 else ()
    apart = {row for row in several if _p_larger(table, row) < APART}
    df = (len(table) - 1) * (table.shape[1] - 1)
    return Pool(_squares(table) / df, df, frozenset(apart))


def _squares(table: _Floats) -> float:
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    # What rounding leaves of a spread is no spread.
    left[np.abs(left) <= 1e-12 * np.abs(table).max()] = 0.0
    return float(np.square(left).sum())


def _p_larger(table: _Floats, row: int) -> float:
    """One-sided p-value of a row's having no larger spread than the others."""
    others = np.delete(table, row, axis=0)
    own, theirs = table.shape[1] - 1, (len(others) - 1) * (table.shape[1] - 1)
    rest = _squares(others) / theirs
    spread = float(np.var(table[row] - others.mean(axis=0), ddof=1)) / (1.0 + 1.0 / len(others))
    if rest == 0.0:
        return 1.0 if spread == 0.0 else 0.0
    below = float(scipy.special.fdtr(own, theirs, spread / rest))
    return 1.0 - below


def standard_error(variance: float, contrast: npt.ArrayLike, seeds: int) -> float:
    """Of a weighted sum of variants' means over S seeds, each with this residual variance."""
    return math.sqrt(variance * float(np.square(contrast).sum()) / seeds)
