"""Whether the fields of a file fit each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def fit(of: object, axes: Mapping[str, str]) -> None:
    """Check the shapes of fields; one that is None has none.

    axes: field to its axes, a letter each; those with one letter have one size.

    Raises ValueError if one has other axes.
    """
    sizes: dict[str, int] = {}
    for name, letters in axes.items():
        values = getattr(of, name)
        if values is None:
            continue
        shape = np.shape(values)
        known = tuple(map(sizes.setdefault, letters, shape))
        if len(shape) != len(letters) or known != shape:
            raise ValueError(f"{name} should be ({', '.join(letters)}); got shape {shape}.")
