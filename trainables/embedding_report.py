"""What an embedding trial measures: running sums in training, quick curves, the final report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

import metrics
from images.batches import Loaded, normalize, ordered_batches

if TYPE_CHECKING:
    from models.embedding_net import EmbeddingNet
    from trainables.protocol import Trial

EVAL_BATCH = 256
KEPT_EMBEDDINGS = 2000


class Sums:
    """Means over the images of an epoch, from per-batch means."""

    names = ("loss", "cross_entropy", "auxiliary_loss", "embedding_norm", "accuracy")

    def __init__(self) -> None:
        self.count = 0
        self.total = np.zeros(len(self.names))

    def add(
        self, loss: Any, ce: Any, extra: Any, embeddings: Any, logits: Any, labels: Any
    ) -> None:
        """Add one batch; all of it detached."""
        n = len(labels)
        norm = embeddings.detach().norm(dim=1).mean()
        right = (logits.argmax(1) == labels).float().mean()
        self.total += n * np.array([v.detach().item() for v in (loss, ce, extra, norm, right)])
        self.count += n

    def means(self, split: str) -> dict[str, float]:
        """{split/name: mean}."""
        return {
            f"{split}/{name}": float(value / self.count)
            for name, value in zip(self.names, self.total, strict=True)
        }


@torch.no_grad()
def outputs(net: EmbeddingNet, images: Loaded) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(embeddings (N, D), logits (N, C), labels (N,)) of all images, in their order."""
    net.eval()
    parts = []
    for index in ordered_batches(len(images), EVAL_BATCH):
        pixels, labels = images.batch(index)
        embeddings, logits = net(normalize(pixels))
        parts.append((embeddings.float().cpu(), logits.float().cpu(), labels.cpu()))
    embeddings, logits, labels = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return embeddings, logits, labels


def quick(net: EmbeddingNet, images: Loaded, split: str) -> dict[str, float]:
    """Loss and accuracy, for curves."""
    _, logits, labels = outputs(net, images)
    return _basic(logits, labels, split)


def _basic(logits: np.ndarray, labels: np.ndarray, split: str) -> dict[str, float]:
    loss = cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)).item()
    return {f"{split}/loss": loss, f"{split}/accuracy": metrics.accuracy(labels, logits.argmax(1))}


def final(
    trial: Trial,
    net: EmbeddingNet,
    sets: dict[str, Loaded],
    classes: tuple[str, ...],
    *,
    keep_weights: bool,
) -> dict[str, float]:
    """Test metrics at the last epoch and accuracy at the best; leaves predictions, embeddings."""
    embeddings, logits, labels = outputs(net, sets["test"])
    gallery, _, gallery_labels = outputs(net, sets["train"])
    scores = torch.from_numpy(logits).softmax(1).numpy()
    matrix = metrics.confusion_matrix(labels, logits.argmax(1), len(classes))
    macro = metrics.macro_precision_recall_f1(matrix)
    result = _basic(logits, labels, "test") | {
        "test/top5": metrics.top_k_accuracy(labels, logits, 5),
        "test/macro_precision": macro.precision,
        "test/macro_recall": macro.recall,
        "test/macro_f1": macro.f1,
        "test/ece": metrics.expected_calibration_error(labels, scores),
        "test/recall_at_1": metrics.recall_at_1(embeddings, labels),
        "test/map_at_r": metrics.mean_average_precision_at_r(embeddings, labels),
        "test/knn_accuracy": metrics.knn_accuracy(gallery, gallery_labels, embeddings, labels),
        "test/intra_inter_ratio": metrics.intra_inter_ratio(embeddings, labels),
    }
    best = trial.best
    assert best is not None  # an epoch has been committed before the final report
    net.load_state_dict(best["net"])
    _, best_logits, _ = outputs(net, sets["test"])
    result["test/accuracy_at_best"] = metrics.accuracy(labels, best_logits.argmax(1))
    np.savez_compressed(
        trial.folder / "predictions.npz",
        index=np.arange(len(labels)),
        label=labels,
        prediction=logits.argmax(1),
        scores=scores.astype(np.float16),
        prediction_at_best=best_logits.argmax(1),
        scores_at_best=torch.from_numpy(best_logits).softmax(1).numpy().astype(np.float16),
        classes=np.array(classes),
    )
    kept = np.unique(np.linspace(0, len(labels) - 1, KEPT_EMBEDDINGS).astype(int))
    np.savez_compressed(
        trial.folder / "embeddings.npz",
        index=kept,
        label=labels[kept],
        embeddings=embeddings[kept].astype(np.float16),
    )
    if keep_weights:
        from safetensors.torch import save_file

        kept_weights = {k: v.contiguous() for k, v in net.as_resnet().items()}
        save_file(kept_weights, trial.folder / "weights.safetensors")
    return result
