"""Loss and accuracy of a sweep's variants, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from claims.units import words_of
from reports.figures import sweep_view
from reports.figures.looks import Look, looks
from reports.figures.sheet import far_apart, sheet
from reports.figures.sweep_view import SweepView
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = ""
caption = "Curves by epoch. Lines are means over seeds, bands span all seeds."
per_sweep = True
unfolded = True

LOSSES = {
    "train/loss": "train loss",
    "train/cross_entropy": "train cross-entropy",
    "val/loss": "validation cross-entropy",
    "test_curve/loss": "test cross-entropy",
}
# What a loss has beside cross-entropy, which is compared for all: of another kind and size in each.
BESIDE = {"train/auxiliary_loss": "auxiliary train loss"}
ACCURACIES = {
    "train/accuracy": "train accuracy",
    "val/accuracy": "validation accuracy",
    "test_curve/accuracy": "test accuracy",
}
# What curves run against: the label, and the metric that is summed over epochs for it.
AGAINST = {
    "epochs": ("epoch", ""),
    "steps": ("optimiser steps", "train/steps"),
    "seconds": ("seconds of training", "time/train_seconds"),
}
EXPLODED = 5  # times the usual peak: one loss that explodes would flatten all others


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Against epochs, where there are several; of controls, however few there are."""
    if (controls := sweep_view.controls(reading, sweep)).names:
        return curves(_lines(controls), controls.title, styles=controls.looks)
    return against(reading, sweep, "epochs")


def against(reading: Reading, sweep: str, x: str) -> Figure | None:
    """A sweep's curves against `x`, one of AGAINST; None for a single epoch.

    Against steps, and so against seconds, only where steps are counted.
    """
    view = sweep_view.view(reading, sweep)
    lines = _lines(view)
    every = [line for seeds in lines.values() for own in seeds for line in own]
    if not any(line["epoch"] > 1 for line in every):
        return None
    if x != "epochs" and not any("train/steps" in line for line in every):
        return None
    return curves(lines, view.title, x, view.looks, reading.run.study.metric)


def curves(
    variants: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
    title: str,
    x: str = "epochs",
    styles: Mapping[str, Look] | None = None,
    extra: str | None = None,
) -> Figure | None:
    """Loss and accuracy, every variant in one legend; None if no epoch has a metric.

    Where cross-entropy and a loss beside it are measured, each has a panel of its own, and their
    sum has none. A band spans the smallest and largest seed.

    variants: name to the metrics lines of each seed.
    x: epochs, or the steps or seconds done after each; a seed that does not count them is left out.
    styles: how each variant looks.
    extra: a metric that is drawn, too, as that by which a study chooses.
    """
    x_label, counted = AGAINST[x]
    drawn = {
        name: [[line for line in lines if counted in line or not counted] for lines in seeds]
        for name, seeds in variants.items()
    }
    there = {metric for seeds in drawn.values() for lines in seeds for m in lines for metric in m}
    # Their sum would set losses of different kinds side by side.
    hidden = {"train/loss"} if "train/cross_entropy" in there else set()
    beside = {m: label for m, label in BESIDE.items() if _anything(drawn, m)}
    rows = [
        {m: label for m, label in row.items() if m in there and m not in hidden}
        for row in (LOSSES, beside, ACCURACIES)
    ]
    each = [lines for seeds in drawn.values() for lines in seeds]
    # What is measured once, after the last epoch, is no curve.
    often = {m for m in there if any(sum(m in line for line in lines) > 1 for lines in each)}
    own = sorted(m for m in often if "/" in m and not m.startswith("time/"))
    # A trainable that reports none of these has its own metrics drawn.
    panels = [panel for row in rows for panel in row.items()] or [(m, m) for m in own[:4]]
    if extra in there and extra not in dict(panels):
        panels.append((extra, words_of(extra)))
    if not panels:
        return None
    given = styles or looks(variants)
    styles = {name: given[name] for name in variants if any(drawn[name])}
    figure, axes = sheet(title, styles, len(panels))
    for axis, (metric, label) in zip(axes, panels, strict=True):
        ends = [_line(axis, metric, counted, drawn[name], style) for name, style in styles.items()]
        axis.set(xlabel=x_label, title=label)
        if metric in BESIDE:
            # Losses of different sizes, as center and triplet loss.
            if far_apart(value for line in axis.lines for value in line.get_ydata()):
                axis.set_yscale("log")
        elif metric.endswith(("loss", "cross_entropy")):
            _keep_most_in_sight(axis)
        if not counted:
            axis.xaxis.get_major_locator().set_params(integer=True)
        elif far_apart(ends):
            axis.set_xscale("log")
    return figure


def _anything(variants: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], metric: str) -> bool:
    return any(line.get(metric) for seeds in variants.values() for own in seeds for line in own)


def _lines(view: SweepView) -> dict[str, list[Sequence[Mapping[str, Any]]]]:
    return {name: [t.lines for t in variant.finished] for variant, name in view.names.items()}


def _keep_most_in_sight(axis: Any) -> None:
    """Cut y above most lines where a few go far beyond them, and say how far they go."""
    peaks = np.array([max(line.get_ydata()) for line in axis.lines])
    usual = float(np.median(peaks)) if len(peaks) > 2 else np.inf
    if not usual > 0 or not max(peaks, default=0) > EXPLODED * usual:
        return
    top, low = 2 * usual, min(min(line.get_ydata()) for line in axis.lines)
    axis.set_ylim(low - 0.05 * (top - low), top)
    said = f"{sum(peaks > top)} above, up to {max(peaks):.2g}"
    axis.text(0.98, 0.97, said, transform=axis.transAxes, ha="right", va="top", fontsize=9)


def _line(axis: Any, metric: str, counted: str, seeds: Sequence[Any], style: Any) -> float:
    """Draw the mean of a metric over seeds with its band; the x at which it ends, or 0."""
    each = [own for lines in seeds if len(own := _points(lines, metric, counted))]
    length = min(map(len, each), default=0)
    if not length:
        return 0
    points = np.array([own[:length] for own in each])
    x, values = points[:, :, 0].mean(0), points[:, :, 1]
    axis.plot(x, values.mean(0), marker=".", lw=1.8, **style)
    if len(values) > 1:
        low, high = values.min(0), values.max(0)
        axis.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
    return float(x[-1])


def _points(lines: Sequence[Any], metric: str, counted: str) -> NDArray[np.float64]:
    """(x, value) (E, 2) of one seed: x is the epoch, or what was counted up to its end."""
    epochs = [line["epoch"] for line in lines]
    x = np.cumsum([line[counted] for line in lines]) if counted else np.array(epochs)
    points = [(at, line[metric]) for at, line in zip(x, lines, strict=True) if metric in line]
    if metric in BESIDE and not any(value for _, value in points):
        points = []  # cross-entropy alone
    return np.array(points, dtype=np.float64).reshape(-1, 2)
