"""What every embedding loss requires of its batch."""

import torch
from torch import Tensor


def check_batch(embeddings: Tensor, labels: Tensor) -> None:
    """Refuse a batch that makes no sense.

    embeddings: floating-point (B, D), B at least 1.
    labels: integers (B,).

    Raises ValueError if they are anything else.
    """
    if embeddings.ndim != 2 or not embeddings.is_floating_point():
        raise ValueError(
            "embeddings must be a floating-point tensor of shape (B, D), "
            f"got {embeddings.dtype} of shape {tuple(embeddings.shape)}"
        )
    if labels.ndim != 1 or len(labels) != len(embeddings):
        raise ValueError(
            f"labels must have shape ({len(embeddings)},), one for each embedding, "
            f"got shape {tuple(labels.shape)}"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels must be integers, got {labels.dtype}")
    if len(embeddings) == 0:
        raise ValueError("a batch must hold at least one embedding, got none")


def at_least_float32(values: Tensor) -> Tensor:
    """`values` in float32, or unchanged where they are already float32 or float64."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
