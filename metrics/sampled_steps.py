"""What the numbers of sampled gradient steps come to; without torch, which those who draw lack."""

import numpy as np
import numpy.typing as npt

from metrics._checks import as_matrix

_Floats = npt.NDArray[np.float64]


def noise_scale(noise: npt.ArrayLike, signal: npt.ArrayLike) -> float | None:
    """The simple noise scale tr(S) / |G|^2, in images, from estimates at S steps.

    Both are averaged before the division, as McCandlish et al. (arXiv 1812.06162, appendix A.1)
    advise: the ratio of two estimates is biased. None without a sample or if the mean signal is not
    positive, where noise hides the gradient altogether.

    noise, signal: (S,) each, the two results of `noise_and_signal`.

    Raises ValueError if the shapes differ.
    """
    noises, signals = np.asarray(noise, np.float64), np.asarray(signal, np.float64)
    if noises.ndim != 1 or noises.shape != signals.shape:
        raise ValueError(
            f"noise and signal must share a shape (S,), got {noises.shape} and {signals.shape}."
        )
    if noises.size == 0 or not signals.mean() > 0.0:
        return None
    return float(noises.mean() / signals.mean())


def principal_plane(points: npt.ArrayLike) -> tuple[_Floats, _Floats]:
    """Coordinates (N, 2) of points on their first two principal components, and shares (2,).

    The coordinates are of the centred points, the last point has no negative one, so the same
    points always give the same picture, and a share is the part of the points' variance along that
    component, in [0, 1]. Points on a line have zeros in the second column, points that are all
    equal in both, with a share of 0.

    points: finite (N, D), N at least 2.

    Raises ValueError if they are fewer, of another shape, or not finite.
    """
    values = np.asarray(points)
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(f"points must have shape (N, D) with N >= 2, got shape {values.shape}.")
    values = as_matrix(values, "points", len(values))
    if not np.isfinite(values).all():
        raise ValueError("points must be finite.")
    # The mean of equal numbers can miss them by a rounding; from the first point on it is exact.
    values = values - values[0]
    left, lengths, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    # What rounding alone can leave of a component that does not exist.
    lengths[lengths <= lengths[0] * max(values.shape) * np.finfo(np.float64).eps] = 0.0
    coordinates, shares = np.zeros((len(values), 2)), np.zeros(2)
    kept = left[:, :2] * lengths[:2]
    coordinates[:, : kept.shape[1]] = np.where(kept[-1] < 0.0, -kept, kept)
    if lengths[0] > 0.0:
        shares[: kept.shape[1]] = lengths[:2] ** 2 / np.sum(lengths**2)
    return coordinates, shares
