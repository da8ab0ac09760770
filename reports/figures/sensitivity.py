"""How much hangs on a setting that every variant tunes on its own, such as the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from claims.tuned import rivals
from claims.units import words_of
from reports.figures import sweep_view
from reports.figures.looks import Look, looks
from reports.figures.sheet import sheet
from reports.reading import Reading

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
