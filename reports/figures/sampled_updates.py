"""What pictures of the optimiser's steps share: the samples that trials left, and their axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from reports.figures import sweep_view
from reports.figures.looks import Look
from reports.figures.sheet import far_apart
from reports.figures.update_series import Floats, bin_edges
from reports.reading import Reading
from runs.artifacts import Absent, Updates


def of(reading: Reading, sweep: str) -> tuple[str, dict[str, Updates], Mapping[str, Look]]:
    """The title; what one trial of each variant left, by name; and how each looks."""
    view = sweep_view.view(reading, sweep)
    updates: dict[str, Updates] = {}
    for name, folder in view.folders.items():
        with suppress(Absent):
            if (sampled := Updates.load(folder)).step.size:
                updates[name] = sampled
    return f"{view.title}, one seed", updates, {name: view.looks[name] for name in updates}


def steps(axes: Iterable[Any], updates: Mapping[str, Updates]) -> Floats:
    """Make x the steps of all variants; returns the edges of bins, equally wide on it."""
    log = far_apart(float(u.step[-1]) for u in updates.values())
    for axis in axes:
        axis.set(xlabel="optimiser steps", xscale="log" if log else "linear")
    return bin_edges(list(updates.values()), log)


def line(axis: Any, x: Floats, y: Floats, style: Look) -> None:
    """Draw a line, of which a single point can be seen, too."""
    axis.plot(x, y, marker="." if len(x) == 1 else "", lw=1.8, **style)


def scale_y(*axes: Any) -> bool:
    """Make y logarithmic, but for less than a decade, which has ticks at no round numbers."""
    low = min(axis.dataLim.minposy for axis in axes)
    log: bool = max(axis.dataLim.y1 for axis in axes) > 10 * low
    for axis in axes if log else ():
        axis.set_yscale("log")
    return log
