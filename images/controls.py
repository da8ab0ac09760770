"""Train sets on which the outcome is known beforehand, to tell a fault from a hard problem.

A network that cannot learn one batch by heart is broken, and one that predicts better than chance
after training on shuffled labels has seen test labels (Zhang et al. 2017, arXiv 1611.03530, use
both). Validation and test stay as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from images.splits import Images, Splits

BATCH = 64


def one_batch(splits: Splits) -> Splits:
    """The first images of every class in turn, 64 or one a class, repeated to as many as before."""
    train = splits.train
    rank = np.empty(len(train), np.int64)  # how many of the same class come before an image
    for label in range(len(train.classes)):
        own = np.flatnonzero(train.labels == label)
        rank[own] = np.arange(len(own))
    chosen = np.argsort(rank, kind="stable")[: max(BATCH, len(train.classes))]
    index = np.resize(np.sort(chosen), len(train))
    rows = np.arange(len(train)) if train.rows is None else train.rows
    return replace(
        splits, train=Images(train.store, train.labels[index], train.classes, rows[index])
    )


def shuffled_labels(splits: Splits, generator: np.random.Generator) -> Splits:
    """The same train images with each other's labels."""
    train = splits.train
    labels = generator.permutation(train.labels)
    return replace(splits, train=Images(train.store, labels, train.classes, train.rows))
