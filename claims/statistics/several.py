"""Several tests that hold together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjusted p-values (M,), in the given order; those <= alpha are found at family-wise alpha.

    Valid however the M tests depend on each other (Holm, Scandinavian Journal of Statistics 6, 65,
    1979).

    Raises ValueError for p-values outside [0, 1].
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not np.all((p >= 0.0) & (p <= 1.0)):
        raise ValueError("p-values must have shape (M,) and lie between 0 and 1.")
    order, adjusted = np.argsort(p), np.empty_like(p)
    steps = np.arange(p.size, 0, -1) * p[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
