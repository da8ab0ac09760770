"""How much hangs on a setting that every variant tunes on its own, such as the learning rate.

Of a run that drew values, these are points; of one that tried the same ones in every seed, lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.budget import Tuned, Tuning
from claims.tuned import rivals
from claims.units import unit_of, words_of
from reports.figures import sweep_view
from reports.figures.looks import Look, looks
from reports.figures.sheet import sheet
from reports.figures.tuning import solid
from reports.reading import Reading
from runs.ranges import Range

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "sensitivity"
caption = "How much hangs on the setting that each variant tunes."
per_sweep = True
unfolded = True

Tried = tuple[float, Sequence[float], bool]  # value, metric of each seed, whether it was chosen
WIDE = 4  # times the smallest value: from there on x is logarithmic


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Every value that variants tried of what they tune, where it is a number that differs."""
    if reading.tuning is not None:
        return drawn_points(reading, reading.tuning, sweep)
    run, tuned = reading.run, reading.run.study.tune_each
    variants = sweep_view.tried(reading, sweep)
    values = [variant.settings.get(tuned or "") for variant in variants]
    if len(set(map(str, values))) < 2 or not all(isinstance(x, int | float) for x in values):
        return None
    measured = all(run.outcome in t.metrics for v in variants for t in v.finished)
    metric = run.outcome if measured else run.study.metric
    everybody = sweep_view.variant_looks(reading)
    points, styles = {}, {}
    for same in rivals(variants, str(tuned)):
        called = same[0].label(sweep, tuned)
        styles[called] = everybody[same[0]]
        points[called] = [
            (
                float(v.settings[str(tuned)]),
                v.values_of(metric),
                v in reading.shown,
            )
            for v in same
        ]
    title = f"{run.study.study}: {sweep}"
    return lines(points, str(tuned), words_of(metric), title, styles)


def drawn_points(reading: Reading, tuning: Tuning, sweep: str) -> Figure | None:
    """The validation metric of every draw against each number that was drawn, a panel a setting.

    The best of each block is ringed; a draw without a value is a cross at the bottom.
    """
    looks = sweep_view.variant_looks(reading)
    own = [v for v in reading.run.sweep(sweep) if v in tuning.variants and v in looks]
    own = sweep_view.spread(own)
    variants = {v: tuning.variants[v] for v in own}
    ranges = [(name, one) for tuned in variants.values() for name, one in tuned.ranges.items()]
    settings = list(dict.fromkeys(name for name, one in ranges if not one.choices))
    if not settings:
        return None
    styles = {v.label(sweep): {**solid(looks[v]), "ls": ""} for v in variants}
    size = (7.0, 4.5) if len(settings) == 1 else (3.8, 3.6)
    title = f"{reading.run.study.study}: {sweep}"
    figure, axes = sheet(title, styles, len(settings), size, sharey=True)
    unit = unit_of(tuning.metric)
    label = f"{words_of(tuning.metric)}{f',{unit.sign}' if unit.sign else ''}"
    lost = False
    for axis, setting in zip(axes, settings, strict=True):
        for variant, tuned in variants.items():
            if setting in tuned.ranges:
                lost |= _points(axis, setting, tuned, styles[variant.label(sweep)], unit.scale)
        _scale(axis, [one for name, one in ranges if name == setting])
        axis.set(xlabel=setting, ylabel=label)
    axes[0].set_title(
        "ringed: best of its block" + "; cross: diverged or failed" * lost, fontsize=9
    )
    return figure


def _scale(axis: Any, ranges: Sequence[Range]) -> None:
    """All that could be drawn is in sight, so that a point at an end of it is seen there."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    if all(one.log for one in ranges):
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(10, (1.0,) if high > 30 * low else (1.0, 2.0, 5.0)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        room = (high / low) ** 0.04
        axis.set_xlim(low / room, high * room)
    else:
        room = 0.04 * (high - low)
        axis.set_xlim(low - room, high + room)


def _points(axis: Any, setting: str, tuned: Tuned, style: Mapping[str, Any], scale: float) -> bool:
    """Draw those of a variant; whether any has no value."""
    ends, chosen, lost = list[tuple[float, float]](), list[tuple[float, float]](), list[float]()
    for search in tuned.searches:
        best = search.best()
        for place, (draw, value) in enumerate(zip(search.draws, search.values, strict=True)):
            x = float(draw.settings[setting])
            if value is not None:
                (chosen if place == best else ends).append((x, scale * value))
            elif draw.status == "failed":
                lost.append(x)
    edge = {"markeredgecolor": "black", "markeredgewidth": 1.6}
    axis.plot(*_columns(ends), **{**style, "ms": 5, "alpha": 0.75})
    axis.plot(*_columns(chosen), **style, ms=8, **edge, zorder=3)
    if lost:
        at_bottom = {"transform": axis.get_xaxis_transform(), "clip_on": False}
        axis.plot(lost, [0.0] * len(lost), "x", ms=7, mew=1.8, color=style["color"], **at_bottom)
    return bool(lost)


def _columns(points: Sequence[tuple[float, float]]) -> Any:
    return np.array(points, dtype=np.float64).reshape(-1, 2).T


def lines(
    points: Mapping[str, Sequence[Tried]],
    setting: str,
    metric_label: str,
    title: str,
    styles: Mapping[str, Look] | None = None,
) -> Figure | None:
    """A metric against the values of `setting`, a line a variant; None without a metric.

    A line is the mean over seeds, a band spans the smallest and largest; the chosen value has a
    large marker.

    points: name to what was tried, in any order.
    """
    drawn = {name: sorted((t for t in tried if len(t[1])), key=lambda t: t[0])
             for name, tried in points.items()}  # fmt: skip
    given = styles or looks(points)
    styles = {name: given[name] for name in points if drawn[name]}
    if not styles:
        return None
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
    return figure
