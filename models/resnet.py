"""torchvision ResNets: building, partial loading, freezing and training mode.

Source: He et al. 2016, "Deep Residual Learning for Image Recognition", arXiv 1512.03385.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, get_args

import torchvision
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models import ResNet

from models import fitting
from models.networks import Stem
from models.seeded import seeded

ResNetName = Literal["resnet18", "resnet34", "resnet50"]

_STOCK_CONV1 = (64, 3, 7, 7)


def build(
    name: ResNetName,
    num_classes: int,
    *,
    stem: Stem = "stock",
    weights: Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> tuple[ResNet, dict[str, str]]:
    """A ResNet from images (B, 3, H, W) to logits (B, num_classes), and what was left out.

    The model is on the CPU. The second value has a sentence for each part of the network that did
    not take `weights` as they are: a head of another size stays fresh ("fc"), and a stock
    convolution is resampled where the stem is small ("conv1").

    name: the architecture.
    num_classes: the size of the head, at least 1.
    stem: "stock" is torchvision's; "small" is a 3x3 stride-1 convolution without max-pool, for
        images of about 32 px (Chen et al. 2020, SimCLR, arXiv 2002.05709, appendix B.9).
    weights: a state dict to start from; None draws all parameters.
    seed: of fresh parameters; the global generators are left as they are.

    Raises ValueError if an argument is not a listed value, or `weights` does not fit the model.
    """
    if name not in get_args(ResNetName):
        raise ValueError(f"The model {name!r} is not one of {', '.join(get_args(ResNetName))}.")
    if stem not in get_args(Stem):
        raise ValueError(f"The stem {stem!r} is not one of {', '.join(get_args(Stem))}.")
    if num_classes < 1:
        raise ValueError(f"The number of classes must be at least 1, not {num_classes}.")
    with seeded(seed):
        model: ResNet = getattr(torchvision.models, name)(weights=None, num_classes=num_classes)
        if stem == "small":
            model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
            nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
            model.add_module("maxpool", nn.Identity())
    return model, {} if weights is None else _load(model, name, stem, weights)


def _load(model: ResNet, name: str, stem: str, weights: Mapping[str, Tensor]) -> dict[str, str]:
    resampled: dict[str, str] = {}
    if stem == "small" and fitting.shapes(weights).get("conv1.weight") == _STOCK_CONV1:
        weights = {**weights, "conv1.weight": small_kernel(weights["conv1.weight"])}
        resampled["conv1"] = (
            "conv1.weight was resampled: the weights have a 7x7 stem, the small stem is 3x3."
        )
    return fitting.load(model, name, weights) | resampled


def small_kernel(kernel: Tensor) -> Tensor:
    """A 7x7 kernel, (C, 3, 7, 7), as the 3x3 one of the small stem, (C, 3, 3, 3).

    Each of the nine weights is the sum of what lies in its ninth of the kernel, parts of weights by
    their area: applied to an image it gives what the 7x7 kernel gives on that image enlarged 7/3
    times, each pixel to a square. So the network sees a small image as it was trained to see a
    larger one, and running statistics behind it still hold.
    """
    fine = kernel.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)  # (C, 3, 21, 21)
    return nn.functional.avg_pool2d(fine, 7) * (49 / 9)


def set_trainable(model: nn.Module, patterns: Sequence[str]) -> int:
    """Make the parameters that match a pattern trainable, freeze all others, and count scalars.

    In a ResNet "*.bn?.*" is not every BatchNorm: the stem's is "bn1.*" and those of the shortcuts
    are "*.downsample.1.*". Parameters that `build` left fresh can be frozen too. The number is that
    of trainable scalars.

    model: any module.
    patterns: globs on parameter names, such as "layer4.*"; case matters.

    Raises ValueError if there is no pattern, or one matches no parameter; nothing is changed then.
    """
    parameters = dict(model.named_parameters())
    if not patterns:
        raise ValueError("At least one pattern of trainable parameters is needed, such as '*'.")
    chosen: set[str] = set()
    for pattern in patterns:
        matched = [name for name in parameters if fnmatchcase(name, pattern)]
        if not matched:
            tops = {name.partition(".")[0]: "." in name for name in parameters}
            near = difflib.get_close_matches(pattern.partition(".")[0], tops, n=1, cutoff=0.0)
            hint = f"; did you mean '{near[0]}{'.*' if tops[near[0]] else ''}'?" if near else "."
            raise ValueError(f"No parameter of the model matches {pattern!r}{hint}")
        chosen.update(matched)
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in chosen)
    return sum(parameters[name].numel() for name in chosen)


def train_mode(model: nn.Module, frozen_batchnorm: Literal["eval", "train"]) -> None:
    """Put a model into training mode.

    model: any module.
    frozen_batchnorm: with "eval", BatchNorms whose parameters are all frozen use and keep their
        running statistics; with "train" they go on updating them.

    Raises ValueError if frozen_batchnorm is neither.
    """
    if frozen_batchnorm not in ("eval", "train"):
        raise ValueError(f"Frozen BatchNorms can be 'eval' or 'train', not {frozen_batchnorm!r}.")
    model.train()
    if frozen_batchnorm == "train":
        return
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            parameters = list(module.parameters())
            if parameters and not any(p.requires_grad for p in parameters):
                module.eval()
