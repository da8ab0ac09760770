"""Where a network puts test images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from runs.artifacts.arrays import Arrays, Axes, Ints


@dataclass(frozen=True, eq=False)
class Embeddings(Arrays):
    """Where a network puts N of the test images, evenly spread over them.

    embeddings: a point an image, (N, D) float16.
    label: their classes, (N,) int64.
    index: their places in the test set, (N,) int64; None in older files.

    Raises ValueError if shapes do not fit each other.
    """

    FILE: ClassVar[str] = "embeddings.npz"
    FIELDS: ClassVar[Mapping[str, Axes]] = {
        "index": ("N", np.int64),
        "label": ("N", np.int64),
        "embeddings": ("ND", np.float16),
    }

    embeddings: NDArray[np.float16]
    label: Ints
    index: Ints | None = None
