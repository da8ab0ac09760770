"""Confusion matrices of variants side by side: which class is taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reports.figures import grids, sweep_view
from reports.figures.grids import Layout
from reports.reading import Reading
from runs.artifacts import Absent, Confusion
from runs.bundle import Readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "confusion"
caption = "Which class is taken for which."
per_sweep = True
unfolded = False

BEFORE = "before training"
Counts = npt.NDArray[np.int64]


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Counts added over seeds; what the network said before training comes first."""
    view = sweep_view.view(reading, sweep)
    folders = {name: [trial.folder for trial in v.finished] for v, name in view.names.items()}
    matrices, classes = read(folders)
    layout = grids.layout(view.names, sweep) if list(matrices) == list(folders) else None
    return confusion_grid(matrices, classes, view.title, layout)


def read(variants: Mapping[str, Sequence[Readable]]) -> tuple[dict[str, Counts], tuple[str, ...]]:
    """Name to counts, true by predicted, of those that left any, and the names of the classes.

    A variant with other classes than the first cannot stand beside it and is left out.

    variants: name to the folders of its trials.
    """
    matrices: dict[str, Counts] = {}
    classes: tuple[str, ...] = ()
    for name, folders in variants.items():
        kept: list[Confusion] = []
        for folder in folders:
            with suppress(Absent):
                kept.append(Confusion.load(folder))
        if kept and (not classes or kept[0].classes == classes):
            classes = kept[0].classes
            matrices[name] = np.sum([one.counts for one in kept], axis=0)
    if matrices:
        with suppress(Absent):
            before = Confusion.load(next(iter(variants.values()))[0], before=True)
            matrices = {BEFORE: before.counts, **matrices}
    return matrices, classes


def confusion_grid(
    matrices: Mapping[str, npt.NDArray[Any]],
    classes: Sequence[str],
    title: str,
    layout: Layout | None = None,
) -> Figure | None:
    """A panel a variant; None without one. The row of a class without an image is hatched.

    matrices: name to counts (C, C), true by predicted, or (C, C + 1) with a last column "other".
    layout: rows and columns of panels, if the variants fill a grid.

    Raises ValueError if a matrix has another shape, or the variants do not fill the layout.
    """
    if not matrices:
        return None
    size, heads = len(classes), []
    for name, counts in matrices.items():
        if counts.shape not in ((size, size), (size, size + 1)):
            raise ValueError(f"{name}: {size} classes, but a matrix of shape {counts.shape}.")
        right = f"{100 * np.trace(counts) / counts.sum():.1f} %" if counts.any() else "-"
        heads.append(f"{grids.folded(name)}\naccuracy {right}")
    figure = grids.panels(heads, title, "predicted class", "true class", layout)
    names = [grids.short(name) for name in (*classes, "other")] if size <= grids.NAMED else []
    for axis, counts in zip(figure.axes, matrices.values(), strict=True):
        totals, columns = counts.sum(1, keepdims=True), counts.shape[1]
        shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
        image = grids.shaded(axis, shares, 0, 1)
        if columns > size:
            axis.axvline(size - 0.5, color="0.3", lw=0.8)
        if size <= grids.WRITTEN:
            for at in zip(*np.nonzero(shares > 0), strict=True):
                grids.write(image, at, f"{100 * shares[at]:.0f}", min(10, 80 / columns))
        axis.set_xticks(range(len(names[:columns])), names[:columns], rotation=90)
        axis.set_yticks(range(len(names[:size])), names[:size])
        axis.tick_params(labelsize=8 if size <= grids.WRITTEN else 6)
    figure.colorbar(image, ax=figure.axes, label="share of true class", aspect=40, fraction=0.03)
    return figure
