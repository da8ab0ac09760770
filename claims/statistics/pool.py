"""The spread over seeds that the variants of a sweep share, and which of them do not share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy

APART = 0.125  # p-value of an F test below which a variant's own spread is larger

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """What is left of a table of variants and seeds without its rows' and columns' means.

    variance: of one value, in its unit squared.
    df: degrees of freedom, (V - 1)(S - 1).
    apart: rows whose own spread is larger, with the variance of one value of theirs, which has
        S - 1 degrees of freedom.
    """

    variance: float
    df: int
    apart: Mapping[int, float]


def pool(rows: npt.ArrayLike) -> Pool:
    """The residual variance of a two-way layout (V, S), variants and seeds, that its rows share.

    A row stands apart whose own spread is larger: its differences to the mean of the others against
    what is left of these (F test, exact for normal noise, two-sided p < 0.25). It stays in the
    variance: pools without the rows that happen to spread most are too narrow (simulated in
    benchmarks/error_rates), and so are intervals from the own spread of those that happen to
    spread least. Two rows never stand apart: with V = 2 the pool is that of a paired t test.

    Raises ValueError for values that are not finite.
    """
    table = np.asarray_chkfinite(rows, np.float64)
    # Each comparison of a sweep has the same rows, in another order: to find those that stand apart
    # takes long, and is done once.
    order = np.lexsort(table.T)
    found = _apart(table[order].tobytes(), table.shape) if len(table) > 2 else {}
    return Pool(*residual(table), {int(order[row]): own for row, own in found.items()})


@lru_cache(maxsize=64)
def _apart(numbers: bytes, shape: tuple[int, int]) -> Mapping[int, float]:
    """The rows of a table (V, S) whose own spread is larger, with the variance of a value."""
    table = np.frombuffer(numbers, np.float64).reshape(shape)
    every = ((row, *_own(table, row)) for row in range(len(table)))
    return {row: own for row, own, p in every if p < APART}


def residual(table: _Floats) -> tuple[float, int]:
    """The variance of a value of (V, S), V >= 2, beside rows' and columns' means, and its df."""
    df = (len(table) - 1) * (table.shape[1] - 1)
    return _squares(table) / df, df


def _squares(table: _Floats) -> float:
    """The sum of squares beside the means of rows and columns."""
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    # What rounding leaves of a spread is no spread.
    left[np.abs(left) <= 1e-12 * np.abs(table).max()] = 0.0
    return float(np.square(left).sum())


def _own(table: _Floats, row: int) -> tuple[float, float]:
    """A row's own variance, and the one-sided p-value of its being no larger than the others'."""
    others = np.delete(table, row, axis=0)
    own, (rest, theirs) = table.shape[1] - 1, residual(others)
    spread = float(np.var(table[row] - others.mean(axis=0), ddof=1)) / (1.0 + 1.0 / len(others))
    if rest == 0.0:
        return spread, float(spread == 0.0)
    return spread, 1.0 - float(scipy.special.fdtr(own, theirs, spread / rest))
