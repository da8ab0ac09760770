"""A heat map where two settings vary: the outcome of every combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from claims.units import unit_of, words_of
from reports.figures import grids, sweep_view
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "heat"
caption = "{outcome} of every combination."
per_sweep = True
unfolded = True


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Means over seeds, where variants fill a grid and the outcome is a share."""
    outcome, view = reading.run.outcome, sweep_view.view(reading, sweep, most=None)
    crossed = grids.crossed(view.names, sweep)
    if not crossed or not unit_of(outcome).sign:
        return None
    (rows, row_names), (columns, column_names) = crossed.items()
    outcomes = [[t.metrics.get(outcome, np.nan) for t in v.finished] for v in view.names]
    shape = len(row_names), len(column_names)
    means = np.array([np.mean(own) for own in outcomes]).reshape(shape)
    n = np.array([len(own) for own in outcomes]).reshape(shape)
    title = f"{view.title}: {words_of(outcome)}"
    return heat_map(means, row_names, column_names, rows, columns, title, n=n)


def heat_map(
    values: npt.NDArray[Any],
    row_names: Sequence[str],
    column_names: Sequence[str],
    row_label: str,
    column_label: str,
    title: str,
    unit: str = "%",
    n: npt.ArrayLike | None = None,
) -> Figure | None:
    """Shares in percent, NaN hatched; None if all are NaN.

    values: (R, C), in 0..1.
    unit: the colour bar's label.
    n: what a cell is the mean of, (R, C) or one number for all.

    Raises ValueError if there are names for another shape.
    """
    from matplotlib.figure import Figure

    percent = 100 * np.asarray(values, dtype=np.float64)
    rows, columns = len(row_names), len(column_names)
    if percent.shape != (rows, columns):
        raise ValueError(f"{rows} x {columns} names for values of shape {percent.shape}.")
    there = np.isfinite(percent)
    if not there.any():
        return None
    counts = np.broadcast_to(np.asarray(n), percent.shape)
    alike = len(set(counts[there].tolist())) == 1
    width = max(5.5, 2.5 + 0.9 * columns)
    figure = Figure(figsize=(width, 1.9 + 0.6 * max(rows, 2)), layout="constrained")
    axis = figure.subplots()
    # To whole tens: differences can be seen, and one of a point is not black against white.
    low = min(np.floor(percent[there].min() / 10) * 10, 90)
    high = max(np.ceil(percent[there].max() / 10) * 10, low + 10)
    image = grids.shaded(axis, percent, low, high)
    for at in zip(*np.nonzero(there), strict=True):
        count = "" if alike else f"\nn = {counts[at]:,}"
        grids.write(image, at, f"{percent[at]:.1f}{count}", 10)
    names = [grids.folded(name, 1.6, 10) for name in (*row_names, *column_names)]
    axis.set_yticks(range(rows), names[:rows])
    axis.set_xticks(range(columns), names[rows:])
    if any(len(line) > 10 for name in names[rows:] for line in name.split("\n")):
        axis.tick_params("x", rotation=90)
    axis.set(aspect="auto", xlabel=column_label, ylabel=row_label)
    figure.colorbar(image, ax=axis, label=unit)
    count = "" if n is None or not alike else f"\nn = {counts[there][0]:,}"
    figure.suptitle(grids.folded(title, width, 12) + count)
    return figure
