"""Every variant's difference to the baseline, a row each: dot, interval, and both as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from claims.statistics.interval import Difference
from claims.units import unit_of, words_of
from reports.differences import amounts, in_a_line, level
from reports.figures import sweep_view
from reports.figures.looks import COLOURS
from reports.figures.sheet import sheet
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "forest"
caption = "Differences in {outcome}, with intervals."
per_sweep = False
unfolded = True

NAME = 36  # letters of a variant's name in a line
LINE, GAP = 0.135, 0.13  # inches that a line of text takes, and those between rows
FLAT = 10  # times the reach of short intervals: with longer ones in sight these would be dots


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of all variants that are compared with the run's baseline."""
    compared, looks = reading.compared, sweep_view.variant_looks(reading)
    if not compared:
        return None
    every = compared.differences
    shown = {*sweep_view.spread(list(every)), *(v for v, row in every.items() if row.declared)}
    rows = {variant.name: row for variant, row in every.items() if variant in shown}
    styles = {variant.name: looks[variant] for variant in every if variant in shown}
    base, some = compared.baseline.name, sweep_view.of_how_many(len(rows), len(every))
    title = f"{reading.run.study.study}: less {base}{some}"
    return forest(rows, base, title, metric=compared.metric, styles=styles)


def forest(
    rows: Mapping[str, Difference],
    baseline: str,
    title: str,
    *,
    metric: str = "test/accuracy",
    margin: float | None = None,
    styles: Mapping[str, Mapping[str, Any]] | None = None,
) -> Figure | None:
    """Differences to `baseline` in the order of rows; None without one.

    A dot is filled if its interval excludes 0. What lies too far out ends in an arrow at the edge.

    metric: what differs, told in its unit.
    margin: half the width of a band around 0 that is too small to matter, before scaling.
    styles: of which rows take their "color".
    """
    if not rows:
        return None
    names = [textwrap.wrap(name, NAME, break_on_hyphens=False) or [""] for name in rows]
    heights = np.array([LINE * len(lines) + GAP for lines in names])
    places = heights / 2 - np.cumsum(heights)
    figure, (axis,) = sheet(title, {}, 1, (8.5, 1.5 + heights.sum()))
    unit = unit_of(metric)
    scale, label = unit.scale, f"{words_of(metric)}, {unit.word}".removesuffix(", ")
    values = scale * np.array([(d.low, d.estimate, d.high) for d in rows.values()])
    band = 0.0 if margin is None else scale * margin
    left, right = _view(values, band)
    axis.set(xlim=(left, right), ylim=(-heights.sum(), 0))
    axis.axvline(0, color="black", lw=1)
    if margin is not None:
        axis.axvspan(-band, band, color="0.88", lw=0, zorder=0)
    beside = {"transform": axis.get_yaxis_transform(), "fontsize": 8}
    clipped = False
    for place, (name, difference), ends in zip(places, rows.items(), values, strict=True):
        colour = (styles or {}).get(name, {}).get("color", COLOURS[0])
        clipped |= _row(axis, place, ends, colour, difference.excludes_zero)
        star = " *" if difference.declared else ""
        axis.text(1.025, place, f"{in_a_line(difference, unit)}{star}", va="center", **beside)
    axis.text(1.025, 0.05, "difference [interval]", va="bottom", **beside)
    axis.set_yticks(places, ["\n".join(lines) for lines in names], fontsize=8)
    axis.tick_params("y", length=0, pad=10)  # beside an arrow
    axis.spines[["left", "right", "top"]].set_visible(False)
    axis.set_xlabel(textwrap.fill(f"{label}, less that of {baseline}", 70))
    figure.supxlabel(_notes(rows, clipped, None if margin is None else band), fontsize=8)
    return figure


def _view(values: NDArray[np.float64], band: float) -> tuple[float, float]:
    """The ends of x: all values (M, 3) but those so far out that they would flatten others."""
    finite = np.isfinite(values)
    reach = np.abs(np.where(finite, values, 0)).max(1)
    far = reach[reach > 0]
    limit = FLAT * np.quantile(far, 0.25, method="lower") if far.size else 1.0
    # An endless interval goes on to both sides of its estimate.
    ends = np.where(finite, values, np.sign(values) * 2 * reach[:, None])
    ends = np.append(ends[np.abs(ends) <= limit], (-1.2 * band, 0.0, 1.2 * band))
    low, high = ends.min(), ends.max()
    room = 0.05 * (high - low) or 1.0
    return float(low - room), float(high + room)


def _row(axis: Any, place: float, ends: NDArray[np.float64], colour: str, filled: bool) -> bool:
    """Draw a row; whether something of it lies out of sight."""
    left, right = axis.get_xlim()
    low, estimate, high = ends
    axis.plot(np.clip((low, high), left, right), (place, place), color=colour, lw=1.8)
    if left <= estimate <= right:
        face = colour if filled else "white"
        axis.plot(estimate, place, "o", ms=6, mfc=face, mec=colour, mew=1.5)
    beyond = [(left, "<")] * int(low < left) + [(right, ">")] * int(high > right)
    for edge, arrow in beyond:
        axis.plot(edge, place, arrow, ms=6, color=colour, clip_on=False)
    return bool(beyond)


def _notes(rows: Mapping[str, Difference], clipped: bool, band: float | None) -> str:
    notes = ["filled: the interval excludes 0; hollow: it does not"]
    notes.append(f"over {amounts(rows.values())}, {level(rows.values())}")
    if any(difference.declared for difference in rows.values()):
        notes.append("*: declared by a claim, stands alone")
    if band is not None:
        notes.append(f"shaded: within ±{band:g}")
    if clipped:
        notes.append("arrow: goes on beyond the edge")
    return textwrap.fill("; ".join(notes), 125)
