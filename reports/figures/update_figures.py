"""What the optimiser did, variants side by side, from the `Updates` that trials left."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from metrics.sampled_steps import principal_plane
from reports.figures.curves import far_apart, save, sheet
from reports.figures.looks import Look, looks
from reports.figures.update_series import (
    bin_edges,
    epoch_noise_scales,
    quartiles,
    ratio,
    whole_network,
)
from runs.artifacts import Absent, Updates
from runs.bundle import Folder

STEPS = "optimiser steps"
SHADE = 0.25  # of a band; where two lie on each other they are darker
FEW = 8  # variants up to which bands of quartiles can be told apart


PARTS = ("updates", "layers", "effective", "path")


def draw(
    title: str,
    folders: Mapping[str, Folder],
    path: Path,
    styles: Mapping[str, Look] | None = None,
    parts: Sequence[str] = PARTS,
) -> list[Path]:
    """path_updates, path_layers, path_effective and path_path, each as .svg and .png.

    folders: variant to the folder of one trial.  parts: which of them.  Returns the files; none
    without updates.
    """
    found: dict[str, Updates] = {}
    for name, folder in folders.items():
        with suppress(Absent):
            found[name] = Updates.load(folder)
    found = {name: updates for name, updates in found.items() if updates.step.size}
    if not found:
        return []
    given = styles or looks(folders)
    styles = {name: given[name] for name in folders if name in found}
    title = f"{title}, one seed"
    drawers = dict(zip(PARTS, (overview, layers, effective_steps, weight_paths), strict=True))
    files: list[Path] = []
    for part in parts:
        figure = drawers[part](title, found, styles)
        files += save(figure, path.with_name(f"{path.name}_{part}")) if figure else []
    return files


def overview(title: str, found: Mapping[str, Updates], styles: Mapping[str, Any]) -> Any:
    """The whole network: norms, cosines of successive steps, and gradient noise."""
    series = {name: whole_network(updates) for name, updates in found.items()}
    noise = {name: epoch_noise_scales(updates) for name, updates in found.items()}
    noise = {name: (x, y) for name, (x, y) in noise.items() if np.isfinite(y).any()}
    labels = list(next(iter(series.values())))
    figure, axes = sheet(
        f"{title}: median{' and quartiles' if len(found) <= FEW else ''} of sampled steps",
        styles, len(labels) + bool(noise), (4.2, 3), sharex=True,
    )  # fmt: skip
    edges = _steps(axes, found)
    for axis, label in zip(axes, labels, strict=False):
        axis.set_title(label)
        parts = {n: quartiles(u.step, series[n][label], edges) for n, u in found.items()}
        for name, (x, (_, middle, _)) in parts.items():
            _line(axis, x, middle, styles[name])
        low, high = axis.dataLim.minposy / 10, axis.dataLim.y1 * 10
        for name, (x, (lower, _, upper)) in parts.items() if len(found) <= FEW else ():
            colour = styles[name]["color"]
            axis.fill_between(x, lower, upper, color=colour, alpha=SHADE / 2, lw=0)
        if "cosine" in label:
            axis.axhline(0, color="0.4", lw=0.8, zorder=1)
        elif _scale_y(axis):
            # The gradient of an image that is learnt lies orders of magnitude below the others.
            bottom, top = axis.get_ylim()
            axis.set_ylim(max(bottom, low), min(top, high))
    if not noise:
        return figure
    axes[-1].margins(y=0.1)
    axes[-1].set_title("gradient noise scale of an epoch, images")
    for name, (x, y) in noise.items():
        axes[-1].plot(x, y, marker=".", lw=1.8, **styles[name])
    sizes = sorted({found[name].batch_size for name in noise})
    for size in sizes if len(sizes) <= 3 else ():  # more hide the rest
        axes[-1].axhline(size, color="0.4", lw=0.8, zorder=1)
        at = {"transform": axes[-1].get_yaxis_transform(), "va": "bottom"}
        axes[-1].text(0.01, size, f"batch size {size}", fontsize=8, color="0.3", **at)
    _scale_y(axes[-1])
    return figure


def layers(title: str, found: Mapping[str, Updates], styles: Mapping[str, Any]) -> Any:
    """Update norm over weight norm, a panel a layer."""
    names = list(dict.fromkeys(layer for u in found.values() for layer in u.layers))
    about = f"{title}: update norm / weight norm, median of sampled steps"
    figure, axes = sheet(about, styles, len(names), sharex=True, sharey=True)
    edges = _steps(axes, found)
    for axis, layer in zip(axes, names, strict=True):
        for name, u in found.items():
            if layer not in u.layers:
                continue
            at = u.layers.index(layer)
            values = ratio(u.update_norm[:, at], u.weight_norm[:, at])
            x, (_, middle, _) = quartiles(u.step, values, edges)
            _line(axis, x, middle, styles[name])
        axis.set_title(layer, fontsize=10)
    _scale_y(*axes)
    return figure


def effective_steps(title: str, found: Mapping[str, Updates], styles: Mapping[str, Any]) -> Any:
    """Quantiles of Adam's |m| / (sqrt(v) + eps), a panel a variant; None if no variant has them."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    having = {name: u for name, u in found.items() if u.effective_step is not None}
    if not having:
        return None
    about = f"{title}: Adam's |m| / (√v + ε), quantiles over parameters"
    figure, axes = sheet(about, {}, len(having), sharex=True, sharey=True)
    edges = _steps(axes, having)
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
            _line(axis, x, middle[1], {"color": colour})
            key[f"{shares[order[len(order) // 2]]:.0%}"] = Line2D([], [], color="0.3", lw=1.8)
        axis.set_title(textwrap.fill(name, 36, break_on_hyphens=False), fontsize=9)
    _scale_y(*axes)
    figure.legend(key.values(), key, loc="outside lower center", ncols=len(key))
    return figure


def weight_paths(title: str, found: Mapping[str, Updates], styles: Mapping[str, Any]) -> Any:
    """The way of the weights on the plane in which all variants together vary most, or None."""
    first = next(iter(found.values()))
    sketches = {
        # Weights that are not finite, of a variant that diverged, have no place.
        name: u.sketch[np.isfinite(u.sketch).all(1)]
        for name, u in found.items()
        if _projection(u) == _projection(first)  # of other networks, weights do not compare
    }
    sketches = {name: sketch for name, sketch in sketches.items() if len(sketch)}
    if sum(map(len, sketches.values())) < 2:
        return None
    coords, shares = principal_plane(np.concatenate(list(sketches.values())))
    ends = np.cumsum([len(sketch) for sketch in sketches.values()])
    about = f"{title}: path of the weights"
    figure, (axis,) = sheet(about, {name: styles[name] for name in sketches}, 1, (8, 6))
    for name, way in zip(sketches, np.split(coords, ends[:-1]), strict=True):
        colour = styles[name]["color"]
        axis.plot(*way.T, lw=1.4, **styles[name])
        axis.plot(*way[0], "o", ms=9, color=colour, mfc="white", mew=1.5, zorder=3)
        axis.plot(*way[-1], "s", ms=8, color=colour, mec="white", zorder=4)
    x, y = (f"component {i + 1} ({share:.0%} of variance)" for i, share in enumerate(shares))
    axis.set(xlabel=x, ylabel=y)
    axis.set_aspect("equal", adjustable="datalim")  # a length is one in whichever direction
    axis.set_title("circle: first sample, square: last", fontsize=9)
    return figure


def _projection(updates: Updates) -> tuple[int | None, int]:
    """What decides a sketch: how many weights there are, and how many numbers stand for them."""
    return updates.weights, updates.sketch.shape[1]


def _steps(axes: list[Any], found: Mapping[str, Updates]) -> Any:
    """Make x the steps of all variants; returns the edges of bins, equally wide on it."""
    log = far_apart(float(updates.step[-1]) for updates in found.values())
    for axis in axes:
        axis.set(xlabel=STEPS, xscale="log" if log else "linear")
    return bin_edges(list(found.values()), log)


def _line(axis: Any, x: Any, y: Any, style: Any) -> None:
    axis.plot(x, y, marker="." if len(x) == 1 else "", lw=1.8, **style)


def _scale_y(*axes: Any) -> bool:
    """Make y logarithmic, but for less than a decade, which has ticks at no round numbers."""
    low = min(axis.dataLim.minposy for axis in axes)
    log: bool = max(axis.dataLim.y1 for axis in axes) > 10 * low
    for axis in axes if log else ():
        axis.set_yscale("log")
    return log
