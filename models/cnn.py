"""A convolutional network of three layers and a classifier, after LeCun et al. 1998."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from models.seeded import seeded


class CNN(nn.Module):
    """Images (B, 3, S, S), S at least 8, to logits (B, num_classes).

    Every layer is a 3x3 convolution, ReLU and 2x2 max-pooling; the next has twice as many channels.
    Without batch norm and dropout, an image's gradient depends on no other image and no chance.
    With batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167), between convolution and pooling, it
    depends on the other images of its batch; all other parameters start as without.

    image_size: S, pixels.
    width: channels of the first layer, W.
    seed: of the parameters, drawn as PyTorch does by default; the global generators are left as
        they are.
    batch_norm: whether it has any.
    """

    def __init__(
        self,
        num_classes: int,
        image_size: int,
        width: int = 32,
        seed: int = 0,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.flat = 4 * width * (image_size // 8) ** 2
        with seeded(seed):
            self.conv1 = nn.Conv2d(3, width, 3, padding=1)
            self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
            self.conv3 = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
            self.classifier = nn.Linear(self.flat, num_classes)
        self.batch_norm = batch_norm
        if batch_norm:  # nothing is drawn for these
            self.bn1 = nn.BatchNorm2d(width)
            self.bn2 = nn.BatchNorm2d(2 * width)
            self.bn3 = nn.BatchNorm2d(4 * width)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1(images)  # (B, 3, S, S) -> (B, W, S, S)
        # ReLU after pooling gives the same as before it, for less.
        x = relu(max_pool2d(self.bn1(x) if self.batch_norm else x, 2))  # (B, W, S/2, S/2)
        x = self.conv2(x)
        x = relu(max_pool2d(self.bn2(x) if self.batch_norm else x, 2))  # (B, 2W, S/4, S/4)
        x = self.conv3(x)
        x = relu(max_pool2d(self.bn3(x) if self.batch_norm else x, 2))  # (B, 4W, S/8, S/8)
        logits: Tensor = self.classifier(x.flatten(1))  # (B, 4W * S/8 * S/8) -> (B, num_classes)
        return logits


def multiply_adds(num_classes: int, image_size: int, width: int) -> int:
    """Multiply-additions for one image, forward.

    image_size, width: as in `CNN`.
    """
    s, w = image_size, width
    convolutions = 9 * (s**2 * 3 * w + (s // 2) ** 2 * 2 * w**2 + (s // 4) ** 2 * 8 * w**2)
    return convolutions + 4 * w * (s // 8) ** 2 * num_classes
