"""The optimisers of question 3, as torch has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import torch

Optimizer = Literal[
    "sgd", "momentum", "adam", "adamw", "amsgrad", "nadam", "radam", "adamax", "rmsprop"
]
BETA1 = ("adam", "adamw", "amsgrad", "nadam", "radam", "adamax")
BETA2 = (*BETA1, "rmsprop")


class Chosen(Protocol):
    """The settings of an optimiser; which of them it uses, its name decides."""

    optimizer: Optimizer
    momentum: float
    beta1: float
    beta2: float
    weight_decay: float


def build(chosen: Chosen, parameters: Iterable[torch.Tensor], lr: float) -> torch.optim.Optimizer:
    """The optimiser that `chosen` names.

    weight_decay is added to the gradient (L2), except by AdamW, which shrinks the weights instead
    (Loshchilov and Hutter 2019, arXiv 1711.05101). The others: momentum, Polyak 1964 without
    Nesterov's look-ahead; Adam and Adamax, Kingma and Ba 2015, arXiv 1412.6980; AMSGrad, Reddi et
    al. 2018, arXiv 1904.09237; NAdam, Dozat 2016; RAdam, Liu et al. 2020, arXiv 1908.03265;
    RMSprop, Tieleman and Hinton 2012, with beta2 as its smoothing constant.
    """
    import torch.optim as o

    betas = (chosen.beta1, chosen.beta2)
    # fused: one pass over all parameters, where torch has it.
    made: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "sgd": lambda p, **how: o.SGD(p, fused=True, **how),
        "momentum": lambda p, **how: o.SGD(p, momentum=chosen.momentum, fused=True, **how),
        "adam": lambda p, **how: o.Adam(p, betas=betas, fused=True, **how),
        "adamw": lambda p, **how: o.AdamW(p, betas=betas, fused=True, **how),
        "amsgrad": lambda p, **how: o.Adam(p, betas=betas, amsgrad=True, fused=True, **how),
        "nadam": lambda p, **how: o.NAdam(p, betas=betas, **how),
        "radam": lambda p, **how: o.RAdam(p, betas=betas, **how),
        "adamax": lambda p, **how: o.Adamax(p, betas=betas, **how),
        "rmsprop": lambda p, **how: o.RMSprop(p, alpha=chosen.beta2, **how),
    }
    how: dict[str, Any] = {"lr": lr, "weight_decay": chosen.weight_decay}
    return made[chosen.optimizer](parameters, **how)
