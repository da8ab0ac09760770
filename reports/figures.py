"""Pictures of a run, drawn from what its trials left.

Colours are Okabe and Ito's, which the colour-blind can tell apart; a line style goes with each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
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


def curves(
    variants: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], title: str, path: Path
) -> list[Path]:
    """Loss and accuracy against epochs, every variant in one legend, as path.svg and path.png.

    variants: name to the metrics lines of each seed. A band spans the smallest and largest seed.
    Returns the files; none if no variant has an epoch with a metric.
    """
    from matplotlib.figure import Figure  # not pyplot, which would take over a notebook's backend

    drawn = {name: seeds for name, seeds in variants.items() if any(seeds)}
    if not drawn:
        return []
    there = {metric for seeds in drawn.values() for lines in seeds for m in lines for metric in m}
    rows = [{m: label for m, label in row.items() if m in there} for row in (LOSSES, ACCURACIES)]
    own = sorted(m for m in there if "/" in m and not m.startswith("time/"))
    # A trainable that reports none of these has its own metrics drawn.
    panels = [panel for row in rows for panel in row.items()] or [(m, m) for m in own[:4]]
    if not panels:
        return []
    # Two rows only where there are test curves: four panels fit side by side.
    shape = (1, len(panels)) if len(panels) <= 4 else (2, -(-len(panels) // 2))
    below = 0.3 * -(-len(drawn) // 4)  # what the legend takes
    figure = Figure(figsize=(3.5 * shape[1], 3.2 * shape[0] + below), layout="constrained")
    for place, (metric, label) in enumerate(panels, 1):
        axis: Any = figure.add_subplot(*shape, place)
        for i, (name, seeds) in enumerate(drawn.items()):
            _line(axis, metric, name, seeds, i)
        axis.set(xlabel="epoch", title=label)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    figure.suptitle(title)
    return save(figure, path)


def save(figure: Any, path: Path, crop: bool = False) -> list[Path]:
    """Write path.svg and path.png and return both; crop cuts off blank margins."""
    import matplotlib

    files = [path.with_name(path.name + ending) for ending in (".svg", ".png")]
    box = "tight" if crop else None
    # With a salt and without a date the same numbers give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "tune-studies"}):
        figure.savefig(files[0], metadata={"Date": None}, bbox_inches=box)
    figure.savefig(files[1], dpi=110, bbox_inches=box)
    return files


def _line(axis: Any, metric: str, name: str, seeds: Sequence[Any], i: int) -> None:
    series = [[line[metric] for line in lines if metric in line] for lines in seeds]
    length = min((len(values) for values in series if values), default=0)
    if not length:
        return
    values = np.array([s[:length] for s in series if s])
    epochs = np.arange(1, length + 1)
    colour = COLOURS[i % len(COLOURS)]
    axis.plot(
        epochs,
        values.mean(0),
        STYLES[i % len(STYLES)],
        color=colour,
        label=name,
        marker=".",
        lw=1.8,
    )
    if len(values) > 1:
        axis.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.15, lw=0)
