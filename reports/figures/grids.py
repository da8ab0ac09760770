"""Variants side by side, a panel each: what is confused with what, ROC curves; and a heat map.

Every shade is a lightness, so that it can be read when printed in grey.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.figures.curves import save
from reports.figures.looks import COLOURS, STYLES

# Names of the rows and of the columns of panels, which the variants fill row by row.
Layout = tuple[Sequence[str], Sequence[str]]
Curve = tuple[npt.ArrayLike, npt.ArrayLike, float]  # false and true positive rates, area below

PANEL = 3.3  # inches
WRITTEN, NAMED = 12, 25  # classes up to which cells and legends are written, and axes have names
MEANS = {"micro": "-", "macro": ":"}
HUES = tuple(colour for colour in COLOURS if colour != "#000000")  # black is for the means


def confusion_grid(
    matrices: Mapping[str, npt.NDArray[Any]],
    classes: Sequence[str],
    title: str,
    path: Path,
    layout: Layout | None = None,
) -> list[Path]:
    """Which class is taken for which, as path.svg and path.png; no file without a variant.

    matrices: name to counts (C, C), true by predicted, or (C, C + 1) with a last column "other".
    The row of a class without an image is hatched.
    """
    if not matrices:
        return []
    size, heads = len(classes), []
    for name, counts in matrices.items():
        if counts.shape not in ((size, size), (size, size + 1)):
            raise ValueError(f"{name}: {size} classes, but a matrix of shape {counts.shape}.")
        right = f"{100 * np.trace(counts) / counts.sum():.1f} %" if counts.any() else "-"
        heads.append(f"{_folded(name)}\naccuracy {right}")
    figure = _panels(heads, title, "predicted class", "true class", layout)
    names = [_short(name) for name in (*classes, "other")] if size <= NAMED else []
    for axis, counts in zip(figure.axes, matrices.values(), strict=True):
        totals, columns = counts.sum(1, keepdims=True), counts.shape[1]
        shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
        image = _shaded(axis, shares, 0, 1)
        if columns > size:
            axis.axvline(size - 0.5, color="0.3", lw=0.8)
        if size <= WRITTEN:
            for at in zip(*np.nonzero(shares > 0), strict=True):
                _write(image, at, f"{100 * shares[at]:.0f}", min(10, 80 / columns))
        axis.set_xticks(range(len(names[:columns])), names[:columns], rotation=90)
        axis.set_yticks(range(len(names[:size])), names[:size])
        axis.tick_params(labelsize=8 if size <= WRITTEN else 6)
    figure.colorbar(image, ax=figure.axes, label="share of true class", aspect=40, fraction=0.03)
    return save(figure, path, crop=True)


def roc_grid(
    curves: Mapping[str, Mapping[str, Curve]], title: str, path: Path, layout: Layout | None = None
) -> list[Path]:
    """ROC curves of every class as path.svg and path.png; no file without a variant.

    curves: variant to class to curve; the classes "micro" and "macro" are means, thick and black.
    An area that is NaN, as that of a class without an image, is listed as "-".
    """
    if not curves:
        return []
    heads = [_folded(variant) for variant in curves]
    figure = _panels(heads, title, "false positive rate", "true positive rate", layout)
    thick = {"color": "black", "lw": 2.4, "zorder": 3}
    styles: dict[str, Any] = {name: {"ls": style, **thick} for name, style in MEANS.items()}
    # By class over all variants, so that a class looks the same in each.
    names = dict.fromkeys(name for panel in curves.values() for name in panel if name not in MEANS)
    for i, name in enumerate(names):
        # Six hues and four styles come round together after 12; then each hue has another style.
        styles[name] = {"color": HUES[i % 6], "ls": STYLES[(i + i // 12) % 4], "lw": 1.1}
    for axis, panel in zip(figure.axes, curves.values(), strict=True):
        axis.plot((0, 1), (0, 1), color="0.6", lw=0.8)
        for name, (false, true, area) in panel.items():
            # A label with an underscore stays out of the legend.
            label = _short(name) if len(panel) <= WRITTEN or name in MEANS else "_"
            label += " -" if np.isnan(area) else f" {area:.3f}"
            axis.plot(false, true, label=label, **styles[name])
        axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[1]:
            small = {"fontsize": 7, "title_fontsize": 7, "handlelength": 2.8, "labelspacing": 0.2}
            axis.legend(loc="lower right", title="AUC", **small)
    return save(figure, path, crop=True)


def heat_map(
    values: npt.NDArray[Any],
    row_names: Sequence[str],
    column_names: Sequence[str],
    row_label: str,
    column_label: str,
    title: str,
    path: Path,
    unit: str = "%",
    n: npt.ArrayLike | None = None,
) -> list[Path]:
    """Shares (R, C) in percent, NaN hatched, as path.svg and path.png; no file if all are NaN.

    unit: the colour bar's label. n: what a cell is the mean of, (R, C) or one number for all.
    """
    from matplotlib.figure import Figure

    percent = 100 * np.asarray(values, dtype=np.float64)
    rows, columns = len(row_names), len(column_names)
    if percent.shape != (rows, columns):
        raise ValueError(f"{rows} x {columns} names for values of shape {percent.shape}.")
    there = np.isfinite(percent)
    if not there.any():
        return []
    counts = np.broadcast_to(np.asarray(n), percent.shape)
    alike = len(set(counts[there].tolist())) == 1
    width = max(5.5, 2.5 + 0.9 * columns)
    figure = Figure(figsize=(width, 1.9 + 0.6 * max(rows, 2)), layout="constrained")
    axis = figure.subplots()
    # To whole tens: differences can be seen, and one of a point is not black against white.
    low = min(np.floor(percent[there].min() / 10) * 10, 90)
    high = max(np.ceil(percent[there].max() / 10) * 10, low + 10)
    image = _shaded(axis, percent, low, high)
    for at in zip(*np.nonzero(there), strict=True):
        count = "" if alike else f"\nn = {counts[at]:,}"
        _write(image, at, f"{percent[at]:.1f}{count}", 10)
    names = [_folded(name, 1.6, 10) for name in (*row_names, *column_names)]
    axis.set_yticks(range(rows), names[:rows])
    axis.set_xticks(range(columns), names[rows:])
    if any(len(line) > 10 for name in names[rows:] for line in name.split("\n")):
        axis.tick_params("x", rotation=90)
    axis.set(aspect="auto", xlabel=column_label, ylabel=row_label)
    figure.colorbar(image, ax=axis, label=unit)
    count = "" if n is None or not alike else f"\nn = {counts[there][0]:,}"
    figure.suptitle(_folded(title, width, 12) + count)
    return save(figure, path, crop=True)


def _panels(heads: Sequence[str], title: str, x: str, y: str, layout: Layout | None) -> Any:
    """A figure with an axis below each head; the outer ones have labels and ticks."""
    from matplotlib.figure import Figure

    columns = len(layout[1]) if layout else min(3, len(heads))
    rows = len(layout[0]) if layout else -(-len(heads) // columns)
    if layout and rows * columns != len(heads):
        raise ValueError(f"{len(heads)} variants do not fill {rows} x {columns} panels.")
    width = 1.4 + PANEL * columns
    figure = Figure(figsize=(width, 1.6 + (PANEL + 0.4) * rows))
    figure.set_layout_engine("compressed", w_pad=0.07)
    figure.suptitle(_folded(title, width, 12))
    margin: Any = {"textcoords": "offset points", "ha": "center", "va": "center", "weight": "bold"}
    for i, head in enumerate(heads):
        axis = figure.add_subplot(rows, columns, i + 1)
        left, bottom = i % columns == 0, i + columns >= len(heads)
        axis.set_title(head, fontsize=9)
        axis.set(xlabel=x if bottom else None, ylabel=y if left else None)
        axis.tick_params(left=left, labelleft=left, bottom=bottom, labelbottom=bottom, labelsize=8)
        if layout and i < columns:
            axis.annotate(_short(layout[1][i]), (0.5, 1), (0, 10), axis.title, **margin)
        if layout and i % columns == columns - 1:
            name = _short(layout[0][i // columns])
            axis.annotate(name, (1, 0.5), (10, 0), "axes fraction", rotation=270, **margin)
    return figure


def _shaded(axis: Any, values: npt.NDArray[Any], low: float, high: float) -> Any:
    """White to dark blue in equal steps of lightness, unlike matplotlib's Blues; NaN hatched."""
    from matplotlib import colormaps, colors

    blues = colormaps["Blues"](np.linspace(0, 1, 1024))[:, :3]
    linear = np.where(blues <= 0.04045, blues / 12.92, ((blues + 0.055) / 1.055) ** 2.4)
    dark = -np.cbrt(linear @ (0.2126, 0.7152, 0.0722))
    even = np.interp(np.linspace(dark[0], dark[-1], 256), dark, np.arange(1024))
    if np.isnan(values).any():
        axis.patch.set(hatch="////", edgecolor="0.7", facecolor="white")
    shades = colors.ListedColormap(blues[even.round().astype(int)])
    return axis.imshow(values, cmap=shades, vmin=low, vmax=high)


def _write(image: Any, at: Any, text: str, points: float) -> None:
    light = image.to_rgba(image.get_array()[at])[:3] @ np.array((0.299, 0.587, 0.114))
    ink = "black" if light > 0.46 else "white"
    image.axes.text(at[1], at[0], text, ha="center", va="center", color=ink, size=points)


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:12]}…{name[-7:]}"


def _folded(text: str, inches: float = 0.8 * PANEL, points: float = 9) -> str:
    return textwrap.fill(text, int(72 * inches / (0.65 * points)), break_on_hyphens=False)
