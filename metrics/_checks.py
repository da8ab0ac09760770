"""Input checks shared by the metric modules."""

import numpy as np
import numpy.typing as npt


def as_labels(values: npt.ArrayLike, name: str) -> npt.NDArray[np.int64]:
    """`values` as an int64 array (N,); an empty input of any type is accepted.

    name: of the argument, for the message.

    Raises ValueError if the shape is another, or values are no integers.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers, got dtype {array.dtype}.")
    return array.astype(np.int64)


def as_matrix(values: npt.ArrayLike, name: str, rows: int) -> npt.NDArray[np.float64]:
    """`values` as a float64 array (rows, columns) with at least one column.

    name: of the argument, for the message.

    Raises ValueError if the shape is another, or values are no real numbers.
    """
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[0] != rows or array.shape[1] == 0:
        raise ValueError(
            f"{name} must have {rows} rows and at least one column, got shape {array.shape}."
        )
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    return array.astype(np.float64)


def require_samples(count: int) -> None:
    """Raises ValueError if there is no sample to average over."""
    if count == 0:
        raise ValueError("The metric needs at least one sample.")


def require_in_range(labels: npt.NDArray[np.int64], num_classes: int, name: str) -> None:
    """Raises ValueError if a label lies outside 0..num_classes-1."""
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(f"{name} must lie between 0 and {num_classes - 1}.")
