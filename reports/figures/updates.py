"""The optimiser's steps over the whole network, variants side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from reports.figures import sampled_updates
from reports.figures.looks import Look
from reports.figures.sheet import sheet
from reports.figures.update_series import epoch_noise_scales, quartiles, whole_network
from reports.reading import Reading
from runs.artifacts import Updates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "updates"
caption = "The optimiser's steps: norms, cosines of successive ones, gradient noise."
per_sweep = True
unfolded = False

SHADE = 0.125  # of a band; where two lie on each other they are darker
FEW = 8  # variants up to which bands of quartiles can be told apart


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of one trial a variant, where trials left samples of their steps."""
    return overview(*sampled_updates.of(reading, sweep))


def overview(
    title: str, updates: Mapping[str, Updates], styles: Mapping[str, Look]
) -> Figure | None:
    """Norms, cosines of successive steps, and gradient noise; None without a variant."""
    if not updates:
        return None
    series = {name: whole_network(u) for name, u in updates.items()}
    noise = {name: epoch_noise_scales(u) for name, u in updates.items()}
    noise = {name: (x, y) for name, (x, y) in noise.items() if np.isfinite(y).any()}
    labels = list(next(iter(series.values())))
    figure, axes = sheet(
        f"{title}: median{' and quartiles' if len(updates) <= FEW else ''} of sampled steps",
        styles, len(labels) + bool(noise), (4.2, 3), sharex=True,
    )  # fmt: skip
    edges = sampled_updates.steps(axes, updates)
    for axis, label in zip(axes, labels, strict=False):
        axis.set_title(label)
        parts = {n: quartiles(u.step, series[n][label], edges) for n, u in updates.items()}
        for name, (x, (_, middle, _)) in parts.items():
            sampled_updates.line(axis, x, middle, styles[name])
        low, high = axis.dataLim.minposy / 10, axis.dataLim.y1 * 10
        for name, (x, (lower, _, upper)) in parts.items() if len(updates) <= FEW else ():
            colour = styles[name]["color"]
            axis.fill_between(x, lower, upper, color=colour, alpha=SHADE, lw=0)
        if "cosine" in label:
            axis.axhline(0, color="0.4", lw=0.8, zorder=1)
        elif sampled_updates.scale_y(axis):
            # The gradient of an image that is learnt lies orders of magnitude below the others.
            bottom, top = axis.get_ylim()
            axis.set_ylim(max(bottom, low), min(top, high))
    if not noise:
        return figure
    axes[-1].margins(y=0.1)
    axes[-1].set_title("gradient noise scale of an epoch, images")
    for name, (x, y) in noise.items():
        axes[-1].plot(x, y, marker=".", lw=1.8, **styles[name])
    sizes = sorted({updates[name].batch_size for name in noise})
    for size in sizes if len(sizes) <= 3 else ():  # more hide the rest
        axes[-1].axhline(size, color="0.4", lw=0.8, zorder=1)
        at = {"transform": axes[-1].get_yaxis_transform(), "va": "bottom"}
        axes[-1].text(0.01, size, f"batch size {size}", fontsize=8, color="0.3", **at)
    sampled_updates.scale_y(axes[-1])
    return figure
