"""The optimisers of question 3, as torch has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Optimizer = Literal[
    "sgd", "momentum", "adam", "adamw", "amsgrad", "nadam", "radam", "adamax", "rmsprop"
]
BETA1 = ("adam", "adamw", "amsgrad", "nadam", "radam", "adamax")
BETA2 = (*BETA1, "rmsprop")


def build(
    name: Optimizer,
    parameters: Iterable[torch.Tensor],
    *,
    lr: float,
    momentum: float,
    betas: tuple[float, float],
    weight_decay: float,
) -> torch.optim.Optimizer:
    """The optimiser of that name; what it has no use for is left out.

    weight_decay is added to the gradient (L2), except by AdamW, which shrinks the weights instead
    (Loshchilov and Hutter 2019, arXiv 1711.05101). The others: momentum, Polyak 1964 without
    Nesterov's look-ahead; Adam and Adamax, Kingma and Ba 2015, arXiv 1412.6980; AMSGrad, Reddi et
    al. 2018, arXiv 1904.09237; NAdam, Dozat 2016; RAdam, Liu et al. 2020, arXiv 1908.03265;
    RMSprop, Tieleman and Hinton 2012, with beta2 as its smoothing constant.
    """
    from torch import optim

    # fused: one pass over all parameters, where torch has it.
    builders: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "sgd": lambda p, **how: optim.SGD(p, fused=True, **how),
        "momentum": lambda p, **how: optim.SGD(p, momentum=momentum, fused=True, **how),
        "adam": lambda p, **how: optim.Adam(p, betas=betas, fused=True, **how),
        "adamw": lambda p, **how: optim.AdamW(p, betas=betas, fused=True, **how),
        "amsgrad": lambda p, **how: optim.Adam(p, betas=betas, amsgrad=True, fused=True, **how),
        "nadam": lambda p, **how: optim.NAdam(p, betas=betas, **how),
        "radam": lambda p, **how: optim.RAdam(p, betas=betas, **how),
        "adamax": lambda p, **how: optim.Adamax(p, betas=betas, **how),
        "rmsprop": lambda p, **how: optim.RMSprop(p, alpha=betas[1], **how),
    }
    how: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    return builders[name](parameters, **how)
