"""Curves of a run, and what all of its pictures share: the sheet with its legend, and its files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claims.units import words_of
from reports.figures.looks import Look, looks

LOSSES = {
    "train/loss": "train loss",
    "val/loss": "validation cross-entropy",
    "test_curve/loss": "test cross-entropy",
}
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
FAR_APART = 8  # times the steps of the shortest variant: on a linear axis it would be a stub


def curves(
    variants: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
    title: str,
    path: Path,
    against: str = "epochs",
    styles: Mapping[str, Look] | None = None,
    extra: str | None = None,
) -> list[Path]:
    """Loss and accuracy, every variant in one legend, as path.svg and path.png.

    variants: name to the metrics lines of each seed. A band spans the smallest and largest seed.
    against: epochs, or the steps or seconds done after each, of which a seed that does not count
    them has none. styles: how each variant looks. extra: a metric that is drawn, too, as that
    by which a study chooses. Returns the files; none if no variant has an epoch with a metric.
    """
    x_label, counted = AGAINST[against]
    drawn = {
        name: [[line for line in lines if counted in line or not counted] for lines in seeds]
        for name, seeds in variants.items()
    }
    there = {metric for seeds in drawn.values() for lines in seeds for m in lines for metric in m}
    rows = [{m: label for m, label in row.items() if m in there} for row in (LOSSES, ACCURACIES)]
    each = [lines for seeds in drawn.values() for lines in seeds]
    # What is measured once, after the last epoch, is no curve.
    often = {m for m in there if any(sum(m in line for line in lines) > 1 for lines in each)}
    own = sorted(m for m in often if "/" in m and not m.startswith("time/"))
    # A trainable that reports none of these has its own metrics drawn.
    panels = [panel for row in rows for panel in row.items()] or [(m, m) for m in own[:4]]
    if extra in there and extra not in dict(panels):
        panels.append((extra, words_of(extra)))
    if not panels:
        return []
    given = styles or looks(variants)
    styles = {name: given[name] for name in variants if any(drawn[name])}
    figure, axes = sheet(title, styles, len(panels))
    for axis, (metric, label) in zip(axes, panels, strict=True):
        ends = [_line(axis, metric, counted, drawn[name], style) for name, style in styles.items()]
        axis.set(xlabel=x_label, title=label)
        if metric.endswith("loss"):
            _keep_most_in_sight(axis)
        if not counted:
            axis.xaxis.get_major_locator().set_params(integer=True)
        elif far_apart(ends):
            axis.set_xscale("log")
    return save(figure, path)


def sheet(
    title: str,
    styles: Mapping[str, Mapping[str, Any]],
    panels: int,
    size: tuple[float, float] = (3.5, 3.2),
    **shared: bool,
) -> tuple[Any, list[Any]]:
    """A figure with one legend of all variants below, and its axes, in rows of at most four.

    size: of a panel, in inches. shared: sharex, sharey, for panels with the same limits.
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
    """Whether x must be logarithmic; ends: the last x of each variant, 0 for none."""
    there = [end for end in ends if end > 0]
    return bool(there) and max(there) > FAR_APART * min(there)


def save(figure: Any, path: Path, crop: bool = False) -> list[Path]:
    """Write path.svg and path.png and return both; crop cuts off blank margins."""
    import matplotlib

    files = [path.with_name(path.name + ending) for ending in (".svg", ".png")]
    box = "tight" if crop else None
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # finding places takes longest: once, not again for each file
        figure.set_layout_engine(None)
    # With a salt and without a date the same numbers give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "tune-studies"}):
        figure.savefig(files[0], metadata={"Date": None}, bbox_inches=box)
    figure.savefig(files[1], dpi=110, bbox_inches=box)
    return files


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
    found = [_points(lines, metric, counted) for lines in seeds]
    length = min((len(points) for points in found if len(points)), default=0)
    if not length:
        return 0
    points = np.array([points[:length] for points in found if len(points)])
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
    found = [(at, line[metric]) for at, line in zip(x, lines, strict=True) if metric in line]
    return np.array(found, dtype=np.float64).reshape(-1, 2)
