"""What a network says of the test images before anything is trained.

A classifier with ImageNet's 1,000 outputs is asked for its most likely class, and what that is
called in the data set (`models.imagenet_classes`) is its answer; a class of ImageNet that the data
set does not have is "other". Any other network has no head for these classes: then a fresh head
that has learned nothing is measured, and the run says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

import metrics
from models import imagenet_classes
from models.heads import head
from runs.artifacts import Confusion
from trainables.features import extraction
from trainables.training import evaluation
from trainables.training.randomness import derive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.backbones import Backbone

OTHER = "other"


def speaks(weights: str, stem: str, outputs: int, classes: Sequence[str]) -> bool:
    """Whether a network's own head can answer for these classes: it is ImageNet's, they STL-10's.

    weights, stem: as in `BackboneSettings`.
    outputs: of the head.
    classes: names.
    """
    known = set(classes) <= set(imagenet_classes.STL10)
    # Behind a small stem the head meets features other than those that it has learned.
    whole = weights != "none" and stem == "stock"
    return whole and outputs == imagenet_classes.OUTPUTS and known


def measure(
    folder: Path,
    pooled: NDArray[np.float32],
    labels: NDArray[np.int64],
    model: Backbone,
    classes: Sequence[str],
    *,
    own_head: bool,
    seed: int,
) -> dict[str, float]:
    """test_before/accuracy, and that of every class; leaves the confusion before training.

    The confusion is (C, C + 1): it has a column "other" behind those of the C classes.

    pooled: features (N, D) of the untouched network before its head.
    labels: int64 (N,), 0..C-1.
    own_head: whether the network's own head is asked, as `speaks` says, or a fresh one.
    seed: of the trial; it draws the fresh head.
    """
    if own_head:
        columns = imagenet_classes.to_classes(classes)
        predicted = columns[extraction.outputs(model, pooled).argmax(1)]
    else:
        fresh = head("linear", pooled.shape[1], len(classes), derive(seed, 0, "head"))
        with torch.no_grad():
            predicted = fresh(torch.from_numpy(pooled)).argmax(1).numpy()
    matrix = metrics.confusion_matrix(labels, predicted, len(classes) + 1)
    by_class = metrics.class_accuracy(matrix)[:-1]
    matrix = matrix[:-1]  # no image is of the class "other"
    Confusion(tuple(classes), (*classes, OTHER), matrix).save(folder, before=True)
    accuracy = {"test_before/accuracy": metrics.accuracy(labels, predicted)}
    return accuracy | evaluation.named("test_before/accuracy", classes, by_class)
