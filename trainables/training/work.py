"""How much a network computes to learn from an image, whatever machine it runs on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def multiply_adds(net: nn.Module, shape: Sequence[int]) -> float:
    """Multiply-additions of the products and convolutions of one image, forward and backward.

    They are counted as the net's operators are called (`torch.utils.flop_counter`), on a copy
    without numbers: what is frozen has no backward part. Its mode is that of the net.

    net: gives outputs, or several of which the last one is learnt from.
    shape: of what it takes of an image, without the batch.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    without_numbers = copy.deepcopy(net).to("meta")
    images = torch.empty(2, *shape, device="meta")  # a batch-norm learns from no fewer
    with FlopCounterMode(display=False) as counter:
        outputs = without_numbers(images)
        (outputs if isinstance(outputs, torch.Tensor) else outputs[-1]).sum().backward()
    return float(counter.get_total_flops()) / 2 / len(images)
