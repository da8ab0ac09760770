"""EfficientNet-Lite0, written so that the published ImageNet checkpoint fits it.

Our own hundred lines and not timm: timm is no dependency otherwise, and its names are not those of
the checkpoint that a package of the index carries (`models.packages`), which would need a table.
Squeeze-and-excitation, swish and drop-connect are what the Lite networks leave out, or only train
with; here nothing is drawn at random while a network trains.

Sources: Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", arXiv 1905.11946 (table 1); github.com/tensorflow/tpu, models/official/efficientnet/lite
(ReLU6, fixed stem and head, epsilon 1e-3, pixels as (value - 127) / 128).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

FEATURES = 1280
_EPS = 1e-3
_ROWS = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
         (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))  # fmt: skip
"""(blocks, kernel, stride of the first, expansion, channels): table 1, from its second row on."""

STAGES: Mapping[str, tuple[str, ...]] = {
    "stem": ("rescale", "conv_stem", "bn0", "relu", "blocks.0"),
    "layer1": ("blocks.1", "blocks.2"),
    "layer2": ("blocks.3", "blocks.4"),
    "layer3": tuple(f"blocks.{i}" for i in range(5, 11)),
    "layer4": (*(f"blocks.{i}" for i in range(11, 16)), "conv_head", "bn1", "relu"),
    "avgpool": ("avgpool", "flatten"),
    "fc": ("fc",),
}
"""The modules of every stage: a layer is what has the size of a ResNet's layer of that name."""


_PUBLISHED = re.compile(
    r"(^|\.)_(?=(conv_stem|conv_head|blocks|bn\d|expand_conv|depthwise_conv|project_conv|fc)\.)"
)


def own_name(key: str) -> str:
    """What a parameter of the published checkpoint is called here: without leading underscores."""
    return _PUBLISHED.sub(r"\1", key)


class Rescale(nn.Module):
    """From (value / 255 - mean) / std by channel, as ResNets take images, to (value - 127) / 128.

    It matters: with the former a linear machine on the features lost four points (Dogs-vs-Cats).
    """

    def __init__(self) -> None:
        super().__init__()
        mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
        self.register_buffer("scale", std * 255 / 128, persistent=False)
        self.register_buffer("shift", (mean * 255 - 127) / 128, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W), in memory as the images lie."""
        scale, shift = self.get_buffer("scale"), self.get_buffer("shift")
        return torch.addcmul(shift.view(3, 1, 1), x, scale.view(3, 1, 1))


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: N pixels give ceil(N / stride)."""

    def __init__(self, ins: int, outs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        # With stride 1 both ends get the same; else the last end gets what is left over.
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(ins, outs, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, ins, H, W) to (B, outs, ceil(H / stride), ceil(W / stride))."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride > 1:
            ends = [0, 0, 0, 0]
            for at, size in ((0, x.shape[3]), (2, x.shape[2])):
                missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
                ends[at : at + 2] = missing // 2, missing - missing // 2
            x = pad(x, ends)
        return super().forward(x)


class Block(nn.Module):
    """Widen by 1x1, filter each channel, narrow by 1x1; the input is added where shapes agree.

    Source: Sandler et al. 2018, "MobileNetV2", arXiv 1801.04381.
    """

    def __init__(self, ins: int, outs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = ins * expansion
        self.widens, self.adds = expansion > 1, stride == 1 and ins == outs
        if self.widens:
            self.expand_conv, self.bn0 = SameConv(ins, wide, 1), nn.BatchNorm2d(wide, _EPS)
        self.depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide)
        self.bn1 = nn.BatchNorm2d(wide, _EPS)
        self.project_conv, self.bn2 = SameConv(wide, outs, 1), nn.BatchNorm2d(outs, _EPS)
        self.relu = nn.ReLU6()

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, ins, H, W) to (B, outs, ceil(H / stride), ceil(W / stride))."""
        x = self.relu(self.bn0(self.expand_conv(inputs))) if self.widens else inputs
        x = self.relu(self.bn1(self.depthwise_conv(x)))
        x = self.bn2(self.project_conv(x))
        outputs: Tensor = x + inputs if self.adds else x
        return outputs


class EfficientNetLite0(nn.Module):
    """Images (B, 3, H, W), normalised as for a ResNet, to logits (B, num_classes).

    4,652,008 parameters with 1,000 classes; 1,280 features before `fc`. Batch-norms have PyTorch's
    momentum, 0.1, as the ResNets' do: the published 0.01 would need a thousand steps to follow.
    """

    def __init__(self, num_classes: int) -> None:
        """Draw the parameters from PyTorch's global generator.

        num_classes: at least 1.
        """
        super().__init__()
        self.rescale = Rescale()
        self.conv_stem, self.bn0 = SameConv(3, 32, 3, 2), nn.BatchNorm2d(32, _EPS)
        blocks, ins = [], 32
        for repeats, kernel, stride, expansion, outs in _ROWS:
            for i in range(repeats):
                blocks.append(Block(ins, outs, kernel, 1 if i else stride, expansion))
                ins = outs
        self.blocks = nn.ModuleList(blocks)
        self.conv_head, self.bn1 = SameConv(ins, FEATURES, 1), nn.BatchNorm2d(FEATURES, _EPS)
        self.relu = nn.ReLU6()
        self.avgpool, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten(1)
        self.fc = nn.Linear(FEATURES, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, num_classes)."""
        for names in STAGES.values():
            for name in names:
                x = self.get_submodule(name)(x)
        return x
