"""What an embedding network measures: what any network does, and the space of its embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

import metrics
from images.batches import Loaded
from metrics.retrieval import Geometry
from runs.artifacts import Embeddings
from trainables.training import network_evaluation
from trainables.training.mirrored import Mirrored

if TYPE_CHECKING:
    from models.embedding_net import EmbeddingNet
    from trainables.protocol import Trial

KEPT_EMBEDDINGS = 2000
Points = tuple[NDArray[np.float32], NDArray[np.int64]]
Outputs = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


def outputs(net: EmbeddingNet | Mirrored, data: Loaded) -> Outputs:
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


def curve_point(net: EmbeddingNet | Mirrored, data: Loaded, split: str) -> dict[str, float]:
    """Loss and accuracy of a split after an epoch."""
    _, logits, labels = outputs(net, data)
    return network_evaluation.loss_and_accuracy(logits, labels, split)


def of_space(train: Points, test: Points, geometry: Geometry) -> dict[str, float]:
    """What the embeddings of test are like in a geometry; names in the cosine one end with it.

    train: whose embeddings are the neighbours of the k-nearest-neighbour rule.
    """
    found = {
        "test/recall_at_1": metrics.recall_at_1(*test, geometry),
        "test/map_at_r": metrics.mean_average_precision_at_r(*test, geometry),
        "test/knn_accuracy": metrics.knn_accuracy(*train, *test, geometry=geometry),
        "test/intra_inter_ratio": metrics.intra_inter_ratio(*test, geometry),
    }
    return found if geometry == "euclidean" else {f"{n}_cosine": v for n, v in found.items()}


def final(
    trial: Trial,
    net: EmbeddingNet,
    sets: dict[str, Loaded],
    classes: tuple[str, ...],
    epochs: int,
    *,
    keep_weights: bool,
    flip: bool = False,
) -> dict[str, float]:
    """Metrics of the last epoch and test accuracy at the best; leaves predictions, embeddings.

    sets: "train", whose embeddings are the neighbours of test's, and "test".
    epochs: how many there were.
    keep_weights: leave the best epoch's, too.
    flip: whether test images are predicted with their mirror images; their embeddings, and train
        images, are without.
    """
    predictor = Mirrored(net) if flip else net
    embeddings, logits, labels = outputs(predictor, sets["test"])
    train_embeddings, train_labels, clean = neighbours(net, sets["train"])
    best_logits = logits
    if network_evaluation.load_best(trial, net, epochs):
        _, best_logits, _ = outputs(predictor, sets["test"])
    train = train_embeddings, train_labels
    evaluation = network_evaluation.of_logits(trial, classes, labels, logits, best_logits) | {
        "train_clean/accuracy": clean,
        **of_space(train, (embeddings, labels), "euclidean"),
        **of_space(train, (embeddings, labels), "cosine"),
    }
    kept = np.unique(np.linspace(0, len(labels) - 1, KEPT_EMBEDDINGS).astype(int))
    Embeddings(embeddings[kept].astype(np.float16), labels[kept], kept).save(trial.folder)
    if keep_weights:
        network_evaluation.keep_weights(net.as_backbone(), trial.folder)
    return evaluation
