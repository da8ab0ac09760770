"""What every classifier measures on the test images at its end, and the files that it leaves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import metrics
from runs.artifacts import ClassTable, Confusion, Predictions

NAMED_CLASSES = 20  # with more, the numbers of single classes are in the table of classes alone
Scores = NDArray[np.floating]


def final(
    folder: Path, classes: Sequence[str], labels: NDArray[np.int64], last: Scores, best: Scores
) -> dict[str, float]:
    """Test metrics of the last epoch, and accuracy at the best one.

    Leaves in `folder` what `runs.artifacts` calls Predictions, Confusion and ClassTable.

    classes: names, C of them.
    labels: int64 (N,), 0..C-1.
    last, best: scores (N, C) of the two epochs, decision values or probabilities; the highest is
        the prediction.
    """
    predicted, at_best = last.argmax(1), best.argmax(1)
    matrix = metrics.confusion_matrix(labels, predicted, len(classes))
    macro = metrics.macro_precision_recall_f1(matrix)
    roc = metrics.one_vs_rest(labels, last)
    by_class = metrics.class_accuracy(matrix)
    result = {
        "test/accuracy": metrics.accuracy(labels, predicted),
        "test/accuracy_at_best": metrics.accuracy(labels, at_best),
        "test/macro_precision": macro.precision,
        "test/macro_recall": macro.recall,
        "test/macro_f1": macro.f1,
        "test/auc_micro": roc.micro_auc,
        "test/auc_macro": roc.macro_auc,
    }
    if len(classes) > 5:
        result["test/top5"] = metrics.top_k_accuracy(labels, last, 5)
    result |= named("test/accuracy", classes, by_class) | named("test/auc", classes, roc.auc)
    names = tuple(classes)
    Predictions(
        index=np.arange(len(labels)),
        label=labels,
        prediction=predicted,
        scores=last.astype(np.float32),
        prediction_at_best=at_best,
        scores_at_best=best.astype(np.float32),
        classes=names,
    ).save(folder)
    Confusion(names, names, matrix).save(folder)
    ClassTable(names, matrix.sum(1), by_class, roc.auc).save(folder)
    return result


def named(what: str, classes: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    """{"test/accuracy_cat": 0.8, ...} for a few classes; classes without a value are left out."""
    if len(classes) > NAMED_CLASSES:
        return {}
    plain = [re.sub(r"[^\w. -]", "_", name) for name in classes]
    return {
        f"{what}_{name}": float(value)
        for name, value in zip(plain, values, strict=True)
        if np.isfinite(value)
    }
