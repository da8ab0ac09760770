"""What an embedding trial measures beside its predictions: the space that it embeds images in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

import metrics
from images.batches import Loaded, normalize, ordered_batches
from runs.artifacts import Embeddings
from trainables.training import network_evaluation as report

if TYPE_CHECKING:
    from models.embedding_net import EmbeddingNet
    from trainables.protocol import Trial

KEPT_EMBEDDINGS = 2000


@torch.no_grad()
def outputs(net: EmbeddingNet, images: Loaded) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(embeddings (N, D), logits (N, C), labels (N,)) of all images, in their order."""
    net.eval()
    parts = []
    for index in ordered_batches(len(images), report.EVAL_BATCH):
        pixels, labels = images.batch(index)
        embeddings, logits = net(normalize(pixels))
        parts.append((embeddings.float().cpu(), logits.float().cpu(), labels.cpu()))
    embeddings, logits, labels = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return embeddings, logits, labels


def quick(net: EmbeddingNet, images: Loaded, split: str) -> dict[str, float]:
    """Loss and accuracy, for curves."""
    _, logits, labels = outputs(net, images)
    return report.basic(logits, labels, split)


def final(
    trial: Trial,
    net: EmbeddingNet,
    sets: dict[str, Loaded],
    classes: tuple[str, ...],
    epochs: int,
    *,
    keep_weights: bool,
) -> dict[str, float]:
    """Test metrics at the last epoch and accuracy at the best; leaves predictions, embeddings."""
    embeddings, logits, labels = outputs(net, sets["test"])
    gallery, _, gallery_labels = outputs(net, sets["train"])
    best_logits = logits
    if report.load_best(trial, net, epochs):
        _, best_logits, _ = outputs(net, sets["test"])
    result = report.classified(trial, classes, labels, logits, best_logits) | {
        "test/recall_at_1": metrics.recall_at_1(embeddings, labels),
        "test/map_at_r": metrics.mean_average_precision_at_r(embeddings, labels),
        "test/knn_accuracy": metrics.knn_accuracy(gallery, gallery_labels, embeddings, labels),
        "test/intra_inter_ratio": metrics.intra_inter_ratio(embeddings, labels),
    }
    kept = np.unique(np.linspace(0, len(labels) - 1, KEPT_EMBEDDINGS).astype(int))
    Embeddings(embeddings[kept].astype(np.float16), labels[kept], kept).save(trial.folder)
    if keep_weights:
        report.keep_weights(net.as_resnet(), trial.folder)
    return result
