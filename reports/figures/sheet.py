"""What most pictures are drawn on: panels in rows, and one legend of all variants below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAR_APART = 8  # times the steps of the shortest variant: on a linear axis it would be a stub


def sheet(
    title: str,
    styles: Mapping[str, Mapping[str, Any]],
    panels: int,
    size: tuple[float, float] = (3.5, 3.2),
    **shared: bool,
) -> tuple[Figure, list[Any]]:
    """A figure with one legend of all variants below, and its axes, in rows of at most four.

    title: of the figure, folded to its width.
    styles: how each variant looks, by its name; without any there is no legend.
    panels: how many.
    size: of a panel, width and height, in inches.
    shared: sharex, sharey, for panels with the same limits.
    """
    from matplotlib.figure import Figure  # not pyplot, which would take over a notebook's backend
    from matplotlib.lines import Line2D

    rows = -(-panels // 4)
    columns = -(-panels // rows)
    width = max(size[0] * columns, 5)
    # In the legend a letter takes up to 0.085 inches, a line and the space beside it 0.75.
    fit = int(width / (0.75 + 0.085 * max(map(len, styles), default=0)))
    beside = max(1, min(4, fit, len(styles)))
    below = 0.3 * -(-len(styles) // beside)
    figure = Figure(figsize=(width, size[1] * rows + below), layout="constrained")
    axes: list[Any] = []
    for place in range(panels):
        same = {name: axes[0] for name, on in shared.items() if on and axes}
        axes.append(figure.add_subplot(rows, columns, place + 1, **same))
        axes[-1].grid(alpha=0.3)
    if any(styles):
        handles = [Line2D([], [], lw=1.8, **style) for style in styles.values()]
        where = {"loc": "outside lower center", "ncols": beside, "handlelength": 3}
        figure.legend(handles, list(styles), **where)
    figure.suptitle(textwrap.fill(title, int(9.5 * width)))
    return figure, axes


def far_apart(ends: Iterable[float]) -> bool:
    """Whether an axis must be logarithmic.

    ends: the last x of each variant, 0 for none; or all that is drawn.
    """
    there = [end for end in ends if end > 0]
    return bool(there) and max(there) > FAR_APART * min(there)
