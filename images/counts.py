"""How many images of every class a source has, before any is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from images.splits import Indices


@dataclass(frozen=True)
class Counts:
    """How many images a source has: `train[i]` and `test[i]` images of `classes[i]`.

    val: those of a validation set that is given; None where it is carved out of train.
    """

    classes: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]
    val: tuple[int, ...] | None = None


def count(
    labels: Indices,
    is_test: NDArray[np.bool_],
    classes: Sequence[str],
    is_val: NDArray[np.bool_] | None = None,
) -> Counts:
    """Count images by class.

    labels: int64 (N,) into classes.
    is_test: bool (N,).
    is_val: bool (N,); None where validation is carved out of train.
    """

    def number(which: NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.bincount(labels[which], minlength=len(classes)).tolist())

    if is_val is None:
        return Counts(tuple(classes), number(~is_test), number(is_test))
    return Counts(tuple(classes), number(~is_test & ~is_val), number(is_test), number(is_val))
