"""What an embedding network measures: what any network does, and the space of its embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

import metrics
from images.batches import Loaded
from runs.artifacts import Embeddings
from trainables.training import network_evaluation

if TYPE_CHECKING:
    from models.embedding_net import EmbeddingNet
    from trainables.protocol import Trial

KEPT_EMBEDDINGS = 2000
Outputs = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


def outputs(net: EmbeddingNet, data: Loaded) -> Outputs:
    """(embeddings (N, D), logits (N, C), labels (N,)) of all images, in their order."""
    embeddings, logits, labels = [], [], []
    for (points, scores), targets in network_evaluation.passes(net, data):
        embeddings.append(points.float().cpu())
        logits.append(scores.float().cpu())
        labels.append(targets.cpu())
    return torch.cat(embeddings).numpy(), torch.cat(logits).numpy(), torch.cat(labels).numpy()


def neighbours(
    net: EmbeddingNet, train: Loaded
) -> tuple[NDArray[np.float32], NDArray[np.int64], float]:
    """(embeddings (N, D), labels (N,), accuracy in [0, 1]) of train in one pass."""
    embeddings, labels, right = [], [], 0
    for (points, scores), targets in network_evaluation.passes(net, train):
        embeddings.append(points.float().cpu())
        labels.append(targets.cpu())
        right += network_evaluation.right_of(scores, targets)
    return torch.cat(embeddings).numpy(), torch.cat(labels).numpy(), right / len(train)


def curve_point(net: EmbeddingNet, data: Loaded, split: str) -> dict[str, float]:
    """Loss and accuracy of a split after an epoch."""
    _, logits, labels = outputs(net, data)
    return network_evaluation.loss_and_accuracy(logits, labels, split)


def final(
    trial: Trial,
    net: EmbeddingNet,
    sets: dict[str, Loaded],
    classes: tuple[str, ...],
    epochs: int,
    *,
    keep_weights: bool,
) -> dict[str, float]:
    """Metrics of the last epoch and test accuracy at the best; leaves predictions, embeddings.

    sets: "train", whose embeddings are the neighbours of test's, and "test".
    epochs: how many there were.
    keep_weights: leave the best epoch's, too.
    """
    embeddings, logits, labels = outputs(net, sets["test"])
    train_embeddings, train_labels, clean = neighbours(net, sets["train"])
    best_logits = logits
    if network_evaluation.load_best(trial, net, epochs):
        _, best_logits, _ = outputs(net, sets["test"])
    knn = metrics.knn_accuracy(train_embeddings, train_labels, embeddings, labels)
    evaluation = network_evaluation.of_logits(trial, classes, labels, logits, best_logits) | {
        "train_clean/accuracy": clean,
        "test/recall_at_1": metrics.recall_at_1(embeddings, labels),
        "test/map_at_r": metrics.mean_average_precision_at_r(embeddings, labels),
        "test/knn_accuracy": knn,
        "test/intra_inter_ratio": metrics.intra_inter_ratio(embeddings, labels),
    }
    kept = np.unique(np.linspace(0, len(labels) - 1, KEPT_EMBEDDINGS).astype(int))
    Embeddings(embeddings[kept].astype(np.float16), labels[kept], kept).save(trial.folder)
    if keep_weights:
        network_evaluation.keep_weights(net.as_backbone(), trial.folder)
    return evaluation
