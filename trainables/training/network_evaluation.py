"""What a network measures of itself: running sums in training, quick curves, the final report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import metrics
from images.batches import Loaded, normalize, ordered_batches
from trainables.training import evaluation as classification_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trainables.features.frozen_prefix import Kept
    from trainables.protocol import Trial

EVAL_BATCH = 256


class Sums:
    """Means over the images of an epoch, from per-batch means."""

    def __init__(self) -> None:
        self.count = 0
        self._total: dict[str, float] = {}

    def add(self, count: int, **means: Tensor) -> None:
        """Add the means of a batch of `count` images; a scalar each, detached here."""
        self.count += count
        for name, mean in means.items():
            self._total[name] = self._total.get(name, 0.0) + count * mean.detach().item()

    def means(self, split: str) -> dict[str, float]:
        """{split/name: mean}."""
        return {f"{split}/{name}": total / self.count for name, total in self._total.items()}


def right(logits: Tensor, labels: Tensor) -> Tensor:
    """The share of a batch whose highest logit is the label's."""
    return (logits.argmax(1) == labels).float().mean()


@torch.no_grad()
def logits_of(net: nn.Module, data: Loaded | Kept) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(logits (N, C), labels (N,)) of all images in their order; leaves `net` in inference mode.

    Pixels are normalised for it; what is kept of a network's beginning comes as it is.
    """
    net.eval()
    logits, labels = [], []
    for index in ordered_batches(len(data), EVAL_BATCH):
        inputs, wanted = data.batch(index)
        inputs = normalize(inputs) if inputs.dtype == torch.uint8 else inputs
        logits.append(net(inputs).float().cpu())
        labels.append(wanted.cpu())
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()


def basic(logits: NDArray[np.float32], labels: NDArray[np.int64], split: str) -> dict[str, float]:
    """Cross-entropy and accuracy."""
    loss = cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)).item()
    return {f"{split}/loss": loss, f"{split}/accuracy": metrics.accuracy(labels, logits.argmax(1))}


def quick(net: nn.Module, data: Loaded | Kept, split: str) -> dict[str, float]:
    """Loss and accuracy, for curves."""
    return basic(*logits_of(net, data), split)


def final(
    trial: Trial, net: nn.Module, test: Loaded | Kept, classes: Sequence[str], epochs: int
) -> dict[str, float]:
    """Test metrics of the last epoch and accuracy at the best; leaves `net` as it was there.

    The states of epochs must hold "net" and "epoch", of `epochs` in all.
    """
    logits, labels = logits_of(net, test)
    best_logits = logits
    if load_best(trial, net, epochs):
        best_logits, _ = logits_of(net, test)
    return classified(trial, classes, labels, logits, best_logits)


def load_best(trial: Trial, net: nn.Module, epochs: int) -> bool:
    """Make `net` that of the best epoch; whether that is another than the last of `epochs`."""
    best = trial.best
    assert best is not None  # an epoch has been committed before the final report
    net.load_state_dict(best["net"])
    return bool(best["epoch"] != epochs)


def classified(
    trial: Trial,
    classes: Sequence[str],
    labels: NDArray[np.int64],
    last: NDArray[np.float32],
    best: NDArray[np.float32],
) -> dict[str, float]:
    """The report of any classifier, with what takes probabilities; last, best: logits (N, C)."""
    scores, best_scores = (torch.from_numpy(x).softmax(1).numpy() for x in (last, best))
    found = classification_report.final(trial.folder, classes, labels, scores, best_scores)
    ece = metrics.expected_calibration_error(labels, scores)
    return basic(last, labels, "test") | found | {"test/ece": ece}


def keep_weights(model: nn.Module | Mapping[str, Tensor], folder: Path) -> None:
    """Leave a state dict as weights.safetensors, which `--weights` takes."""
    from safetensors.torch import save_file

    state = model.state_dict() if isinstance(model, nn.Module) else model
    kept = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    save_file(kept, folder / "weights.safetensors")
