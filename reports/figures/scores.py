"""Confusion matrices and ROC curves of variants side by side, from their trials' folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import metrics
from reports.figures import grids
from runs.artifacts import Absent, Confusion, Predictions
from runs.bundle import Folder

POINTS = 150  # of a ROC curve: more cannot be told apart in a picture
EACH_CLASS = 20  # with more classes, only the means of their ROC curves are drawn
BEFORE = "before training"


def confusion(
    title: str, variants: Mapping[str, Sequence[Folder]], panels: Any, path: Path
) -> list[Path]:
    """Counts added over seeds; what the network said before training comes first.

    variants: name to the folders of its trials.  panels: rows and columns of a grid, or None.
    """
    matrices: dict[str, NDArray[np.int64]] = {}
    classes: tuple[str, ...] = ()
    for name, folders in variants.items():
        found: list[Confusion] = []
        for folder in folders:
            with suppress(Absent):
                found.append(Confusion.load(folder))
        # Variants with other classes than the first one's cannot stand beside it.
        if found and (not classes or found[0].classes == classes):
            classes = found[0].classes
            matrices[name] = np.sum([one.counts for one in found], axis=0)
    with suppress(Absent):
        before = Confusion.load(next(iter(variants.values()))[0], before=True)
        if matrices:
            matrices, panels = {BEFORE: before.counts, **matrices}, None
    panels = panels if len(matrices) == len(variants) else None
    return grids.confusion_grid(matrices, classes, title, path, panels)


def roc(title: str, variants: Mapping[str, Folder], panels: Any, path: Path) -> list[Path]:
    """Of one trial a variant, in its folder: curves of several cannot be told apart.

    A trial without scores, which a kept run lacks, has no panel.
    """
    drawn: dict[str, dict[str, grids.Curve]] = {}
    for name, folder in variants.items():
        try:
            kept = Predictions.load(folder)
        except Absent:
            continue
        if kept.scores is None:
            continue
        classes = kept.classes or tuple(map(str, range(kept.scores.shape[1])))
        found = metrics.one_vs_rest(kept.label, kept.scores)
        curves: dict[str, Any] = {"micro": found.micro, "macro": found.macro}
        areas: dict[str, float] = {"micro": found.micro_auc, "macro": found.macro_auc}
        if len(classes) <= EACH_CLASS:
            curves |= dict(zip(classes, found.curves, strict=True))
            areas |= dict(zip(classes, found.auc.tolist(), strict=True))
        drawn[name] = {
            label: (_thinned(curve[0]), _thinned(curve[1]), areas[label])
            for label, curve in curves.items()
            if curve is not None
        }
    panels = panels if len(drawn) == len(variants) else None
    return grids.roc_grid(drawn, f"{title}, one seed", path, panels)


def _thinned(values: NDArray[np.float64]) -> NDArray[np.float64]:
    thinned: NDArray[np.float64] = values[np.linspace(0, len(values) - 1, POINTS).astype(int)]
    return thinned
