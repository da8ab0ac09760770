"""ROC curves of variants side by side, one class against the rest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import metrics
from reports.figures import grids, sweep_view
from reports.figures.grids import Layout
from reports.figures.looks import COLOURS, STYLES
from reports.reading import Reading
from runs.artifacts import Absent, Predictions
from runs.bundle import Readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "roc"
caption = "One-vs-rest ROC curves."
per_sweep = True
unfolded = False

POINTS = 150  # of a curve: more cannot be told apart in a picture
EACH_CLASS = 20  # with more classes, only the means of their curves are drawn
MEANS = {"micro": "-", "macro": ":"}
HUES = tuple(colour for colour in COLOURS if colour != "#000000")  # black is for the means

Curve = tuple[npt.ArrayLike, npt.ArrayLike, float]  # false and true positive rates, area below


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of one trial a variant: curves of several cannot be told apart."""
    view = sweep_view.view(reading, sweep)
    curves = read(view.folders)
    layout = grids.layout(view.names, sweep) if len(curves) == len(view.names) else None
    return roc_grid(curves, f"{view.title}, one seed, by {scored(view.folders)}", layout)


def scored(variants: Mapping[str, Readable]) -> str:
    """What images are ordered by: probabilities, or the decision values of machines.

    variants: name to the folder of one trial.
    """
    kinds: dict[str, None] = {}
    for folder in variants.values():
        with suppress(Absent):
            scores = Predictions.load(folder).scores
            if scores is not None:
                sums = bool((scores >= 0).all()) and np.allclose(scores.sum(1), 1, atol=1e-3)
                kinds["probability" if sums else "decision value"] = None
    return " or ".join(kinds)


def read(variants: Mapping[str, Readable]) -> dict[str, dict[str, Curve]]:
    """Variant to class to curve; a trial without scores, which a kept run lacks, has none.

    variants: name to the folder of one trial.
    """
    curves: dict[str, dict[str, Curve]] = {}
    for name, folder in variants.items():
        try:
            kept = Predictions.load(folder)
        except Absent:
            continue
        if kept.scores is None:
            continue
        classes = kept.classes or tuple(map(str, range(kept.scores.shape[1])))
        rates = metrics.one_vs_rest(kept.label, kept.scores)
        own: dict[str, Any] = {"micro": rates.micro, "macro": rates.macro}
        areas: dict[str, float] = {"micro": rates.micro_auc, "macro": rates.macro_auc}
        if len(classes) <= EACH_CLASS:
            own |= dict(zip(classes, rates.curves, strict=True))
            areas |= dict(zip(classes, rates.auc.tolist(), strict=True))
        curves[name] = {
            label: (_thinned(curve[0]), _thinned(curve[1]), areas[label])
            for label, curve in own.items()
            if curve is not None
        }
    return curves


def roc_grid(
    curves: Mapping[str, Mapping[str, Curve]], title: str, layout: Layout | None = None
) -> Figure | None:
    """A panel a variant with a curve a class; None without a variant.

    An area that is NaN, as that of a class without an image, is listed as "-".

    curves: variant to class to curve; the classes "micro" and "macro" are means, thick and black.
    layout: rows and columns of panels, if the variants fill a grid.

    Raises ValueError if the variants do not fill the layout.
    """
    if not curves:
        return None
    heads = [grids.folded(variant) for variant in curves]
    figure = grids.panels(heads, title, "false positive rate", "true positive rate", layout)
    thick = {"color": "black", "lw": 2.4, "zorder": 3}
    styles: dict[str, Any] = {name: {"ls": style, **thick} for name, style in MEANS.items()}
    # By class over all variants, so that a class looks the same in each.
    names = dict.fromkeys(name for panel in curves.values() for name in panel if name not in MEANS)
    for i, name in enumerate(names):
        # Six hues and four styles come round together after 12; then each hue has another style.
        styles[name] = {"color": HUES[i % 6], "ls": STYLES[(i + i // 12) % 4], "lw": 1.1}
    for axis, panel in zip(figure.axes, curves.values(), strict=True):
        axis.plot((0, 1), (0, 1), color="0.6", lw=0.8)
        for name, (false, true, area) in panel.items():
            # A label with an underscore stays out of the legend.
            label = grids.short(name) if len(panel) <= grids.WRITTEN or name in MEANS else "_"
            label += " -" if np.isnan(area) else f" {area:.3f}"
            axis.plot(false, true, label=label, **styles[name])
        axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[1]:
            small = {"fontsize": 7, "title_fontsize": 7, "handlelength": 2.8, "labelspacing": 0.2}
            axis.legend(loc="lower right", title="AUC", **small)
    return figure


def _thinned(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    thinned: npt.NDArray[np.float64] = values[np.linspace(0, len(values) - 1, POINTS).astype(int)]
    return thinned
