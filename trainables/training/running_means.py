"""Means over the images of an epoch, from those of its batches."""

from __future__ import annotations

from torch import Tensor


class RunningMeans:
    """Means over all images so far.

    count: images so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._totals: dict[str, float] = {}

    def add(self, count: int, **means: Tensor) -> None:
        """Add the means of a batch of `count` images; a scalar each, detached here."""
        self.count += count
        for name, mean in means.items():
            self._totals[name] = self._totals.get(name, 0.0) + count * mean.detach().item()

    def means(self, split: str) -> dict[str, float]:
        """{split/name: mean}."""
        return {f"{split}/{name}": total / self.count for name, total in self._totals.items()}


def share_right(logits: Tensor, labels: Tensor) -> Tensor:
    """The share of a batch whose highest logit is the label's, a scalar.

    logits: (B, C).
    labels: int64 (B,).
    """
    return (logits.argmax(1) == labels).float().mean()
