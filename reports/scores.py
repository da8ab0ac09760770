"""Confusion matrices and ROC curves of variants side by side, from their trials' folders."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import metrics
from reports import grids

POINTS = 150  # of a ROC curve: more cannot be told apart in a picture
EACH_CLASS = 20  # with more classes, only the means of their ROC curves are drawn
BEFORE = "before training"


def confusion(
    title: str, variants: Mapping[str, Sequence[Path]], panels: Any, path: Path
) -> list[Path]:
    """Counts added over seeds; what the network said before training comes first.

    variants: name to the folders of its trials.  panels: rows and columns of a grid, or None.
    """
    matrices: dict[str, NDArray[np.int64]] = {}
    classes: list[str] = []
    for name, folders in variants.items():
        files = [folder / "test_confusion.csv" for folder in folders]
        found = [read_matrix(file) for file in files if file.exists()]
        # Variants with other classes than the first one's cannot stand beside it.
        if found and (not classes or found[0][0] == classes):
            classes, matrices[name] = found[0][0], np.sum([matrix for _, matrix in found], axis=0)
    before = next(iter(variants.values()))[0] / "test_before_confusion.csv"
    if matrices and before.exists():
        matrices, panels = {BEFORE: read_matrix(before)[1], **matrices}, None
    panels = panels if len(matrices) == len(variants) else None
    return grids.confusion_grid(matrices, classes, title, path, panels)


def read_matrix(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    """(classes, counts) of a CSV file with the names of rows and columns, true by predicted."""
    with path.open(newline="") as file:
        _, *rows = csv.reader(file)
    return [row[0] for row in rows], np.array([[int(x) for x in row[1:]] for row in rows])


def roc(title: str, variants: Mapping[str, Path], panels: Any, path: Path) -> list[Path]:
    """Of one trial a variant, in its folder: curves of several cannot be told apart."""
    drawn: dict[str, dict[str, grids.Curve]] = {}
    for name, folder in variants.items():
        file = folder / "predictions.npz"
        if not file.exists():
            continue
        with np.load(file) as kept:
            labels, scores, classes = kept["label"], kept["scores"], kept["classes"].tolist()
        found = metrics.one_vs_rest(labels, scores)
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
