"""What a network measures: loss and accuracy every epoch, and its evaluation at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import metrics
from images.batches import Loaded, normalize, ordered_batches
from trainables.training import evaluation
from trainables.training.mirrored import Mirrored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trainables.features.frozen_prefix import Kept
    from trainables.protocol import Trial

BATCH = 256  # images in a pass


@torch.no_grad()
def passes(net: nn.Module, data: Loaded | Kept) -> Iterator[tuple[Any, Tensor]]:
    """What `net` gives, and labels (B,), of all images, a batch at a time and in their order.

    Leaves `net` in inference mode. Pixels are normalised for it; what is kept of a network's
    beginning comes as it is.
    """
    net.eval()
    for index in ordered_batches(len(data), BATCH):
        inputs, labels = data.batch(index)
        yield net(normalize(inputs) if inputs.dtype == torch.uint8 else inputs), labels


def logits_of(net: nn.Module, data: Loaded | Kept) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(logits (N, C), labels (N,)) of all images, in their order."""
    both = [(logits.float().cpu(), labels.cpu()) for logits, labels in passes(net, data)]
    logits, labels = (torch.cat(parts) for parts in zip(*both, strict=True))
    return logits.numpy(), labels.numpy()


def clean_accuracy(net: nn.Module, train: Loaded | Kept) -> dict[str, float]:
    """{train_clean/accuracy: ...} of `net` as it is now; no more than a batch is in memory."""
    right = sum(right_of(logits, labels) for logits, labels in passes(net, train))
    return {"train_clean/accuracy": right / len(train)}


def right_of(logits: Tensor, labels: Tensor) -> int:
    """How many images of a batch have their label's logit highest.

    logits: (B, C).
    labels: int64 (B,).
    """
    return int((logits.argmax(1) == labels).sum())


def loss_and_accuracy(
    logits: NDArray[np.float32], labels: NDArray[np.int64], split: str
) -> dict[str, float]:
    """{split/loss: cross-entropy, split/accuracy: ...} of what `logits_of` gives."""
    loss = cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)).item()
    return {f"{split}/loss": loss, f"{split}/accuracy": metrics.accuracy(labels, logits.argmax(1))}


def curve_point(net: nn.Module, data: Loaded | Kept, split: str) -> dict[str, float]:
    """Loss and accuracy of a split after an epoch."""
    return loss_and_accuracy(*logits_of(net, data), split)


def final(
    trial: Trial,
    net: nn.Module,
    sets: Mapping[str, Loaded | Kept],
    classes: Sequence[str],
    epochs: int,
    *,
    at_best: bool = False,
    flip: bool = False,
) -> dict[str, float]:
    """Metrics of the last epoch and test accuracy at the best; leaves `net` as it was there.

    The states of epochs must hold "net" and "epoch".

    sets: "train" and "test".
    epochs: how many there were.
    at_best: whether the best epoch takes the place of the last one in all of them.
    flip: whether test images are predicted with their mirror images; train images never are.
    """
    if at_best:
        load_best(trial, net, epochs)
    clean = clean_accuracy(net, sets["train"])
    predictor = Mirrored(net) if flip else net
    logits, labels = logits_of(predictor, sets["test"])
    best_logits = logits
    if not at_best and load_best(trial, net, epochs):
        best_logits, _ = logits_of(predictor, sets["test"])
    return clean | of_logits(trial, classes, labels, logits, best_logits)


def load_best(trial: Trial, net: nn.Module, epochs: int) -> bool:
    """Make `net` that of the best epoch; whether that is another than the last of `epochs`."""
    best = trial.best
    assert best is not None  # an epoch has been committed before the evaluation
    net.load_state_dict(best["net"])
    return bool(best["epoch"] != epochs)


def of_logits(
    trial: Trial,
    classes: Sequence[str],
    labels: NDArray[np.int64],
    last: NDArray[np.float32],
    best: NDArray[np.float32],
) -> dict[str, float]:
    """What every classifier measures, and what takes probabilities.

    last, best: logits (N, C) of the two epochs.
    """
    scores, best_scores = (torch.from_numpy(x).softmax(1).numpy() for x in (last, best))
    test_metrics = evaluation.final(trial.folder, classes, labels, scores, best_scores)
    ece = metrics.expected_calibration_error(labels, scores)
    return loss_and_accuracy(last, labels, "test") | test_metrics | {"test/ece": ece}


def keep_weights(model: nn.Module | Mapping[str, Tensor], folder: Path) -> None:
    """Leave a state dict as weights.safetensors, which `--weights` takes."""
    from safetensors.torch import save_file

    state = model.state_dict() if isinstance(model, nn.Module) else model
    kept = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    save_file(kept, folder / "weights.safetensors")
