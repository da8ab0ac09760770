"""How many images of every class a source has, before any is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from images.splits import Indices


@dataclass(frozen=True)
class Counts:
    """How many images a source has: `train[i]` and `test[i]` images of `classes[i]`."""

    classes: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]


def count(labels: Indices, is_test: NDArray[np.bool_], classes: Sequence[str]) -> Counts:
    """Count images by class.

    labels: int64 (N,) into classes.
    is_test: bool (N,).
    """
    train = np.bincount(labels[~is_test], minlength=len(classes))
    test = np.bincount(labels[is_test], minlength=len(classes))
    return Counts(tuple(classes), tuple(train.tolist()), tuple(test.tolist()))
