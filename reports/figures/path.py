"""The path of the weights, on the plane in which all variants together vary most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from metrics.sampled_steps import principal_plane
from reports.figures import sampled_updates
from reports.figures.looks import Look
from reports.figures.sheet import sheet
from reports.reading import Reading
from runs.artifacts import Updates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "path"
caption = "The path of the weights, in the plane in which they moved most."
per_sweep = True
unfolded = False


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of one trial a variant, where trials left samples of their weights."""
    return weight_paths(*sampled_updates.of(reading, sweep))


def weight_paths(
    title: str, updates: Mapping[str, Updates], styles: Mapping[str, Look]
) -> Figure | None:
    """None where fewer than two samples are finite."""
    if not updates:
        return None
    first = next(iter(updates.values()))
    sketches = {
        # Weights that are not finite, of a variant that diverged, have no place.
        name: u.sketch[np.isfinite(u.sketch).all(1)]
        for name, u in updates.items()
        if _projection(u) == _projection(first)  # of other networks, weights do not compare
    }
    sketches = {name: sketch for name, sketch in sketches.items() if len(sketch)}
    if sum(map(len, sketches.values())) < 2:
        return None
    coords, shares = principal_plane(np.concatenate(list(sketches.values())))
    ends = np.cumsum([len(sketch) for sketch in sketches.values()])
    about = f"{title}: path of the weights"
    figure, (axis,) = sheet(about, {name: styles[name] for name in sketches}, 1, (8, 6))
    for name, way in zip(sketches, np.split(coords, ends[:-1]), strict=True):
        colour = styles[name]["color"]
        axis.plot(*way.T, lw=1.4, **styles[name])
        axis.plot(*way[0], "o", ms=9, color=colour, mfc="white", mew=1.5, zorder=3)
        axis.plot(*way[-1], "s", ms=8, color=colour, mec="white", zorder=4)
    x, y = (f"component {i + 1} ({share:.0%} of variance)" for i, share in enumerate(shares))
    axis.set(xlabel=x, ylabel=y)
    axis.set_aspect("equal", adjustable="datalim")  # a length is one in whichever direction
    axis.set_title("circle: first sample, square: last", fontsize=9)
    return figure


def _projection(updates: Updates) -> tuple[int | None, int]:
    """What decides a sketch: how many weights there are, and how many numbers stand for them."""
    return updates.weights, updates.sketch.shape[1]
