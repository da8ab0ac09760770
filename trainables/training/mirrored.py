"""Flip augmentation at test time: an image is predicted together with its mirror image."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Mirrored(nn.Module):
    """Predicts by the mean of the probabilities of an image and its mirror image.

    In place of logits it gives the logarithms of these means: their softmax is the mean, and their
    cross-entropy its log-loss. What a network gives besides logits, as embeddings, is that of the
    image alone. Parameters and mode are those of the network, which it shares.

    net: from images (B, 3, H, W) to logits (B, C), or to a pair of anything and logits.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Any:
        as_it_is, mirrored = self.net(images), self.net(images.flip(-1))
        if isinstance(as_it_is, Tensor):
            return _mean(as_it_is, mirrored)
        return as_it_is[0], _mean(as_it_is[1], mirrored[1])


def _mean(one: Tensor, other: Tensor) -> Tensor:
    """The logarithm of the mean of two softmaxes of logits, (B, C), without leaving logarithms."""
    return torch.logaddexp(one.log_softmax(1), other.log_softmax(1)) - math.log(2)
