"""Which share of the learning rate Adam's steps were, a panel a variant."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures import sampled_updates
from reports.figures.looks import Look
from reports.figures.sheet import sheet
from reports.figures.update_series import quartiles
from reports.reading import Reading
from runs.artifacts import Updates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "effective"
caption = "Which share of the learning rate Adam's steps were."
per_sweep = True
unfolded = False

SHADE = 0.25  # of a band; where two lie on each other they are darker


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of one trial a variant, where trials left samples of Adam's steps."""
    return effective_steps(*sampled_updates.of(reading, sweep))


def effective_steps(
    title: str, updates: Mapping[str, Updates], styles: Mapping[str, Look]
) -> Figure | None:
    """Quantiles of |m| / (sqrt(v) + eps) over all parameters; None if no variant has them."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    having = {name: u for name, u in updates.items() if u.effective_step is not None}
    if not having:
        return None
    about = f"{title}: Adam's |m| / (√v + ε), quantiles over parameters"
    figure, axes = sheet(about, {}, len(having), sharex=True, sharey=True)
    edges = sampled_updates.steps(axes, having)
    key: dict[str, Any] = {}
    for axis, (name, u) in zip(axes, having.items(), strict=True):
        shares, steps, colour = u.effective_step_quantiles, u.effective_step, styles[name]["color"]
        assert shares is not None and steps is not None  # both are there or none is
        order = np.argsort(shares)
        binned = [quartiles(u.step, steps[:, i], edges, 1) for i in order]
        for i in range(len(order) // 2):
            (x, low), (_, high) = binned[i], binned[-1 - i]
            axis.fill_between(x, low[1], high[1], color=colour, alpha=SHADE, lw=0)
            label = f"{shares[order[i]]:.0%} to {shares[order[-1 - i]]:.0%}"
            key[label] = Patch(color="0.3", alpha=1 - (1 - SHADE) ** (i + 1), lw=0)
        if len(order) % 2:
            x, middle = binned[len(order) // 2]
            sampled_updates.line(axis, x, middle[1], {"color": colour})
            key[f"{shares[order[len(order) // 2]]:.0%}"] = Line2D([], [], color="0.3", lw=1.8)
        axis.set_title(textwrap.fill(name, 36, break_on_hyphens=False), fontsize=9)
    sampled_updates.scale_y(*axes)
    figure.legend(key.values(), key, loc="outside lower center", ncols=len(key))
    return figure
