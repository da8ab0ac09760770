"""A network as a row of stages, so that a frozen beginning can be computed once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from models import efficientnet_lite
from models.backbones import Backbone, build
from models.efficientnet_lite import EfficientNetLite0
from models.networks import BackboneName, Stem

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc")
"""In order; a ResNet's "stem" is conv1, bn1, relu and maxpool, "avgpool" also flattens, "fc" is the
head. The layers end with a quarter, an eighth, a 16th and a 32nd of the image's sides."""


def modules(model: Backbone, stage: str) -> list[nn.Module]:
    """The modules of a stage, in the order in which they are applied."""
    if isinstance(model, EfficientNetLite0):
        return [model.get_submodule(name) for name in efficientnet_lite.STAGES[stage]]
    if stage == "stem":
        return [model.conv1, model.bn1, model.relu, model.maxpool]
    return [model.avgpool, nn.Flatten(1)] if stage == "avgpool" else [getattr(model, stage)]


def forward(model: Backbone, x: Tensor, stages: Sequence[str]) -> Tensor:
    """What neighbouring stages give: (B, C, H, W), (B, D) after "avgpool", (B, classes) after "fc".

    x: what the stage before them gave; images (B, 3, H, W) for the stem.
    stages: a part of STAGES, in its order; an empty one gives `x`.
    """
    for stage in stages:
        for module in modules(model, stage):
            x = module(x)
    return x


def embed(model: Backbone, x: Tensor) -> Tensor:
    """The pooled features before `fc`, (B, D): D = 512 for resnet18 and resnet34, 2,048 for
    resnet50, 1,280 for efficientnet_lite0.

    x: images (B, 3, H, W).
    """
    return forward(model, x, STAGES[:-1])


def frozen(model: Backbone) -> tuple[str, ...]:
    """The stages from the first on without a trainable parameter: what need not be repeated."""
    for i, stage in enumerate(STAGES):
        if any(p.requires_grad for module in modules(model, stage) for p in module.parameters()):
            return STAGES[:i]
    return STAGES


@lru_cache(maxsize=32)
def shape(name: BackboneName, stem: Stem, size: int, last: str, classes: int) -> tuple[int, ...]:
    """The shape of what a stage gives for one image; computes nothing.

    size: of the image, pixels, both sides.
    last: the stage.
    """
    with torch.device("meta"):
        model = skeleton(name, stem, classes)
        x = torch.empty(1, 3, size, size)
    return tuple(forward(model, x, STAGES[: STAGES.index(last) + 1]).shape[1:])


@lru_cache(maxsize=32)
def multiply_adds(name: BackboneName, stem: Stem, size: int) -> dict[str, float]:
    """Multiply-additions of every stage for one image, forward.

    size: of the image, pixels, both sides.
    """
    from torch.utils.flop_counter import FlopCounterMode

    counts = {}
    with torch.device("meta"):
        model = skeleton(name, stem, 1000)
        x = torch.empty(1, 3, size, size)
        for stage in STAGES:
            with FlopCounterMode(display=False) as counter:
                x = forward(model, x, [stage])
            counts[stage] = counter.get_total_flops() / 2
    return counts


def skeleton(name: BackboneName, stem: Stem, classes: int) -> Backbone:
    """The network without values, on the meta device: for shapes, counts and names."""
    with torch.device("meta"):  # drawing values for 11 million weights takes a third of a second
        return build(name, classes, stem=stem)[0].eval()
