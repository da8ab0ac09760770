"""Where embeddings put the images of ten classes: PCA and t-SNE of each variant's test images."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures import projections, sweep_view
from reports.figures.looks import COLOURS
from reports.figures.projections import Embedded, Floats
from reports.reading import Reading
from runs.artifacts import Embeddings
from runs.bundle import Readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "embeddings"
caption = (
    "Embeddings of test images in two dimensions: principal components, and t-SNE, "
    "in which distances between groups mean little."
)
per_sweep = True
unfolded = True

PANEL, BESIDE = 2.6, 4  # inches of a panel, and variants in a row
ROUNDED = 1e-3  # of the norm: of a smaller spread float16 leaves little but rounding
SHRUNK = 1e-2  # of the largest spread: on its scale a smaller one is a point
FAR = 3  # times the reach of nine in ten points: with farther ones in sight they would be a blot
SHAPES = "os^DvPXDvo"  # the last three are hollow, as colours come round after seven

Looks = Mapping[int, Mapping[str, Any]]


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of the first sweep that has embeddings only: t-SNE takes seconds."""
    having = (own for own in reading.run.sweeps if _has_embeddings(reading, own))
    if next(having, None) != sweep:
        return None
    tried = sweep_view.tried(reading, sweep)
    trials = sweep_view.of_one_seed(sweep_view.spread(tried))
    folders = {variant.label(sweep): trial.folder for variant, trial in trials.items()}
    some = sweep_view.of_how_many(len(trials), len(tried))
    return maps(folders, f"{reading.run.study.study}: {sweep}, one seed{some}")


def maps(folders: Mapping[str, Readable], title: str) -> Figure | None:
    """Two maps a variant; None if no trial has left embeddings.

    A variant with other classes than the first is left out. The same embeddings give the same
    picture on the same machine.

    folders: variant to the folder of one of its trials.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    read = {name: one for name, folder in folders.items() if (one := projections.read(folder))}
    if not read:
        return None
    first = next(iter(read.values()))
    drawn = {name: one for name, one in read.items() if one.classes == first.classes}
    columns, bands = min(BESIDE, len(drawn)), -(-len(drawn) // BESIDE)
    heads = [textwrap.wrap(name, 34, break_on_hyphens=False) for name in drawn]
    width, beside = max(PANEL * columns, 5.2), 5 if columns > 2 else 3
    tall = bands * (2 * PANEL + 0.6 + 0.15 * max(map(len, heads)))
    figure = Figure(figsize=(width, tall + 1.6), layout="compressed")
    axes = figure.subplots(2 * bands, columns, squeeze=False)
    looks = {label: _look(i) for i, label in enumerate(first.classes)}
    largest = max(one.spread for one in drawn.values())
    for i, (head, one) in enumerate(zip(heads, drawn.values(), strict=True)):
        top = 2 * (i // columns)
        _maps(axes[top : top + 2, i % columns], head, one, looks, largest)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], box_aspect=1)
        axis.set_visible(bool(axis.get_title()))
    handles = [Line2D([], [], ls="", ms=6, **look) for look in looks.values()]
    names = [n if len(n) <= 20 else f"{n[:12]}…{n[-7:]}" for n in first.classes.values()]
    small: dict[str, Any] = {
        "fontsize": 8,
        "title_fontsize": 8,
        "handletextpad": 0.2,
        "frameon": False,
    }
    notes = textwrap.fill(_notes(first), int(14 * width))
    figure.legend(handles, names, title=notes, loc="outside lower center", ncols=beside, **small)
    figure.suptitle(textwrap.fill(title, int(9.5 * width)))
    return figure


def _has_embeddings(reading: Reading, sweep: str) -> bool:
    trials = [trial for v in sweep_view.tried(reading, sweep) for trial in v.finished]
    return any((trial.folder / Embeddings.FILE).is_file() for trial in trials)


def _maps(
    axes: Iterable[Any], head: Sequence[str], one: Embedded, looks: Looks, largest: float
) -> None:
    """PCA above t-SNE; largest: the spread of the variant with the largest one."""
    above, below = axes
    names, said = ["PCA", "t-SNE"], ""
    if len(one.points) < 4:
        said = "diverged: not finite" if one.images >= 4 else "too few images"
    elif one.spread <= max(ROUNDED * one.norm, SHRUNK * largest):
        said = "collapsed: one point"
    if len(one.points):
        scores, shares = projections.principal(one.points)
        names[0] += f", {100 * shares[0]:.0f} + {100 * shares[1]:.0f} % of variance"
        names[0] += f"\nspread {one.spread:.3g}"
        # A point is drawn on the scale of the others, or of the norm where none has one.
        edge = 1.5 * max(largest, one.norm) or 1.0
        _scatter(above, scores, one, looks, edge if said else None)
    if said:
        _say(above, 0.65, said)
        _say(below, 0.65, said)
    else:
        places, perplexity = projections.t_sne(scores)
        names[1] += f", perplexity {perplexity}"
        _scatter(below, places, one, looks)
        if len(one.points) < one.images:
            _say(above, 0.04, f"{one.images - len(one.points)} of {one.images} not finite")
    above.set_title("\n".join([*head, names[0]]), fontsize=9)
    below.set_title(names[1], fontsize=9)


def _scatter(
    axis: Any, points: Floats, one: Embedded, looks: Looks, edge: float | None = None
) -> None:
    """Draw points (N, >= 2) in a square: up to `edge`, or that all but few far ones fill."""
    xy = points[:, :2]
    for label, look in looks.items():
        axis.plot(*xy[one.labels == label].T, ls="", ms=3, alpha=0.8, **look)
    middle = np.median(xy, axis=0)
    reach = FAR * np.quantile(np.abs(xy - middle).max(1), 0.9)
    low, high = np.maximum(xy.min(0), middle - reach), np.minimum(xy.max(0), middle + reach)
    half = edge or 0.54 * (high - low).max()
    centre = np.zeros(2) if edge else (low + high) / 2
    axis.set_xlim(centre[0] - half, centre[0] + half)
    axis.set_ylim(centre[1] - half, centre[1] + half)
    if beyond := int((np.abs(xy - centre) > half).any(1).sum()):
        _say(axis, 0.96, f"{beyond} beyond the edge")


def _say(axis: Any, height: float, text: str) -> None:
    """Write over the points, and yet legibly."""
    box = {"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 1}
    where = {"transform": axis.transAxes, "ha": "center", "va": "center", "bbox": box}
    axis.text(0.5, height, text, fontsize=8, **where)


def _look(place: int) -> dict[str, Any]:
    colour = COLOURS[place % len(COLOURS)]
    face = colour if place < len(COLOURS) else "none"
    return {"marker": SHAPES[place], "color": colour, "mfc": face, "mew": 0.8}


def _notes(one: Embedded) -> str:
    drawn = len(one.classes)
    which = f"all {drawn}" if drawn == one.of else f"the first {drawn} of {one.of}"
    return (
        f"{one.images:,} test images of {which} classes, one trial a variant. Every map has a "
        "scale of its own; spread: root mean square distance to the mean. t-SNE starts from "
        f"{projections.DIMENSIONS} principal axes; distances between its groups mean little."
    )
