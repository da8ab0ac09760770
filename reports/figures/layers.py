"""The optimiser's steps by layer, a panel each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports.figures import sampled_updates
from reports.figures.looks import Look
from reports.figures.sheet import sheet
from reports.figures.update_series import quartiles, ratio
from reports.reading import Reading
from runs.artifacts import Updates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "layers"
caption = "The optimiser's steps by layer."
per_sweep = True
unfolded = False


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of one trial a variant, where trials left samples of their steps."""
    return layers(*sampled_updates.of(reading, sweep))


def layers(title: str, updates: Mapping[str, Updates], styles: Mapping[str, Look]) -> Figure | None:
    """Update norm over weight norm; None without a variant."""
    if not updates:
        return None
    names = list(dict.fromkeys(layer for u in updates.values() for layer in u.layers))
    about = f"{title}: update norm / weight norm, median of sampled steps"
    figure, axes = sheet(about, styles, len(names), sharex=True, sharey=True)
    edges = sampled_updates.steps(axes, updates)
    for axis, layer in zip(axes, names, strict=True):
        for name, u in updates.items():
            if layer not in u.layers:
                continue
            at = u.layers.index(layer)
            values = ratio(u.update_norm[:, at], u.weight_norm[:, at])
            x, (_, middle, _) = quartiles(u.step, values, edges)
            sampled_updates.line(axis, x, middle, styles[name])
        axis.set_title(layer, fontsize=10)
    sampled_updates.scale_y(*axes)
    return figure
