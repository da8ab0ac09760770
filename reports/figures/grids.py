"""What grids of panels and cells share: places, shades, and what is written in them.

Every shade is a lightness, so that it can be read when printed in grey.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from runs.variants import Variant, differing_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Names of the rows and of the columns of panels, which the variants fill row by row.
Layout = tuple[Sequence[str], Sequence[str]]

PANEL = 3.3  # inches
WRITTEN, NAMED = 12, 25  # classes up to which cells and legends are written, and axes have names


def crossed(variants: Iterable[Variant], sweep: str) -> dict[str, list[str]]:
    """The two settings that vary, with their values, if the variants fill their grid row by row.

    Else {}.
    """
    variants = list(variants)
    differing = differing_values(variants, sweep)
    if len(differing) != 2:
        return {}
    rows, columns = differing.items()
    wanted = [(a, b) for a in rows[1] for b in columns[1]]
    have = [(str(v.settings.get(rows[0])), str(v.settings.get(columns[0]))) for v in variants]
    return differing if have == wanted else {}


def layout(variants: Iterable[Variant], sweep: str) -> Layout | None:
    """Rows and columns of the variants that fill a grid."""
    values = tuple(crossed(variants, sweep).values())
    return (values[0], values[1]) if values else None


def panels(heads: Sequence[str], title: str, x: str, y: str, layout: Layout | None) -> Figure:
    """A figure with an axis below each head; the outer ones have labels and ticks."""
    from matplotlib.figure import Figure

    columns = len(layout[1]) if layout else min(3, len(heads))
    rows = len(layout[0]) if layout else -(-len(heads) // columns)
    if layout and rows * columns != len(heads):
        raise ValueError(f"{len(heads)} variants do not fill {rows} x {columns} panels.")
    width = 1.4 + PANEL * columns
    figure = Figure(figsize=(width, 1.6 + (PANEL + 0.4) * rows))
    figure.set_layout_engine("compressed", w_pad=0.07)
    figure.suptitle(folded(title, width, 12))
    margin: Any = {"textcoords": "offset points", "ha": "center", "va": "center", "weight": "bold"}
    for i, head in enumerate(heads):
        axis = figure.add_subplot(rows, columns, i + 1)
        left, bottom = i % columns == 0, i + columns >= len(heads)
        axis.set_title(head, fontsize=9)
        axis.set(xlabel=x if bottom else None, ylabel=y if left else None)
        axis.tick_params(left=left, labelleft=left, bottom=bottom, labelbottom=bottom, labelsize=8)
        if layout and i < columns:
            axis.annotate(short(layout[1][i]), (0.5, 1), (0, 10), axis.title, **margin)
        if layout and i % columns == columns - 1:
            name = short(layout[0][i // columns])
            axis.annotate(name, (1, 0.5), (10, 0), "axes fraction", rotation=270, **margin)
    return figure


def shaded(axis: Any, values: npt.NDArray[Any], low: float, high: float) -> Any:
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


def write(image: Any, at: Any, text: str, points: float) -> None:
    """Write into a cell of an image, in black or white, whichever stands out."""
    light = image.to_rgba(image.get_array()[at])[:3] @ np.array((0.299, 0.587, 0.114))
    ink = "black" if light > 0.46 else "white"
    image.axes.text(at[1], at[0], text, ha="center", va="center", color=ink, size=points)


def short(name: str) -> str:
    """A name of at most 20 letters, its end kept."""
    return name if len(name) <= 20 else f"{name[:12]}…{name[-7:]}"


def folded(text: str, inches: float = 0.8 * PANEL, points: float = 9) -> str:
    """Text in lines that fit into so many inches at that size."""
    return textwrap.fill(text, int(72 * inches / (0.65 * points)), break_on_hyphens=False)
