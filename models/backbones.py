"""The networks that studies start from: built by name, and what weights are called in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor
from torchvision.models import ResNet

from models import efficientnet_lite, fitting, resnet
from models.efficientnet_lite import EfficientNetLite0
from models.networks import NETWORKS, BackboneName, Stem
from models.seeded import seeded

Backbone: TypeAlias = ResNet | EfficientNetLite0
"""Each has a linear head `fc`, and the stages that `models.stages` names."""


def build(
    name: BackboneName,
    num_classes: int,
    *,
    stem: Stem = "stock",
    weights: Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> tuple[Backbone, dict[str, str]]:
    """A network from images (B, 3, H, W) to logits (B, num_classes), and what was left out.

    The model is on the CPU. The second value has a sentence for each part of the network that did
    not take `weights` as they are: {"fc": why}.

    name: the architecture.
    num_classes: the size of the head, at least 1.
    stem: "small", for small images, is a ResNet's (see `models.resnet.build`).
    weights: a state dict to start from, with the names that `named` gives; None draws all.
    seed: of fresh parameters; the global generators are left as they are.

    Raises ValueError if an argument is not a listed value, or `weights` does not fit the model.
    """
    if name not in NETWORKS:
        raise ValueError(f"The model {name!r} is not one of {', '.join(NETWORKS)}.")
    if name != "efficientnet_lite0":
        return resnet.build(name, num_classes, stem=stem, weights=weights, seed=seed)
    if stem not in NETWORKS[name].stems:
        raise ValueError(f"The stem of {name} can only be 'stock', not {stem!r}.")
    if num_classes < 1:
        raise ValueError(f"The number of classes must be at least 1, not {num_classes}.")
    with seeded(seed):
        model = EfficientNetLite0(num_classes)
    return model, {} if weights is None else fitting.load(model, name, weights)


def named(name: BackboneName, weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """A state dict under the network's own names, and what was renamed and left out for that.

    As `models.fitting.named`; the names of the published EfficientNet-Lite0 lose the underscores
    that they begin with, silently.
    """
    if name == "efficientnet_lite0":
        weights = {efficientnet_lite.own_name(key): value for key, value in weights.items()}
    return fitting.named(weights, _shapes(name))


@lru_cache(maxsize=8)
def _shapes(name: BackboneName) -> fitting.Shapes:
    with torch.device("meta"):
        return fitting.shapes(build(name, 1000)[0].state_dict())
