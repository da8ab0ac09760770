"""The networks that there are, and what is known of each without building it.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BackboneName = Literal["resnet18", "resnet34", "resnet50", "efficientnet_lite0"]
Stem = Literal["stock", "small"]


@dataclass(frozen=True)
class Network:
    """One of them.

    seconds: of training on an image, in those of ResNet-18.
    seconds_each: of a multiply-addition, likewise: a CPU is slower at depthwise convolutions.
    size: of a checkpoint with weights and momentum, bytes.
    smallest: image that it can take, pixels.
    stems: that it can have.
    """

    seconds: float
    size: float
    seconds_each: float = 1.0
    smallest: int = 1
    stems: tuple[Stem, ...] = ("stock", "small")


NETWORKS: dict[BackboneName, Network] = {
    "resnet18": Network(seconds=1.0, size=9e7),
    "resnet34": Network(seconds=2.0, size=1.7e8),
    "resnet50": Network(seconds=2.6, size=2e8),
    # It halves an image five times; less would leave no whole pixel.
    "efficientnet_lite0": Network(0.65, 2.8e7, seconds_each=3.0, smallest=32, stems=("stock",)),
}
