"""How much hangs on a setting that every variant tunes on its own, such as the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reports.figures.curves import save, sheet
from reports.figures.looks import Look, looks

Tried = tuple[float, Sequence[float], bool]  # value, metric of each seed, whether it was chosen
WIDE = 4  # times the smallest value: from there on x is logarithmic


def draw(
    points: Mapping[str, Sequence[Tried]],
    setting: str,
    metric_label: str,
    title: str,
    path: Path,
    styles: Mapping[str, Look] | None = None,
) -> list[Path]:
    """A metric against the values of `setting`, a line a variant, as path.svg and path.png.

    points: name to what was tried, in any order. A line is the mean over seeds, a band spans the
    smallest and largest; the chosen value has a large marker. Returns the files; none without a
    metric.
    """
    drawn = {name: sorted((t for t in tried if len(t[1])), key=lambda t: t[0])
             for name, tried in points.items()}  # fmt: skip
    given = styles or looks(points)
    styles = {name: given[name] for name in points if drawn[name]}
    if not styles:
        return []
    figure, (axis,) = sheet(title, styles, 1, (7, 4.5))
    for name, style in styles.items():
        x = [value for value, _, _ in drawn[name]]
        mean, low, high = (
            np.array([of(seeds) for _, seeds, _ in drawn[name]]) for of in (np.mean, min, max)
        )
        axis.plot(x, mean, marker="o", ms=4, lw=1.8, **style)
        axis.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
        chosen = [i for i, tried in enumerate(drawn[name]) if tried[2]]
        edge = {"markeredgecolor": "white", "markeredgewidth": 1.2}
        axis.plot(np.array(x)[chosen], mean[chosen], "o", ms=12, color=style["color"], **edge)
    values = [value for tried in drawn.values() for value, _, _ in tried]
    if min(values) > 0 and max(values) > WIDE * min(values):
        axis.set_xscale("log")
    axis.set(xlabel=setting, ylabel=metric_label)
    axis.set_title("large marker: best in validation", fontsize=9)
    return save(figure, path)
