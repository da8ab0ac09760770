"""In which order an epoch goes through its images, and how it is cut into batches."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from images.batches import cut

Order = Literal["shuffled", "once", "file", "sorted", "replacement"]


def epoch_batches(
    order: Order,
    labels: Tensor,
    batch_size: int,
    *,
    epoch_generator: torch.Generator,
    trial_generator: torch.Generator,
) -> list[Tensor]:
    """One epoch as index tensors, int64 (B,) a batch; the last may be smaller.

    order: "shuffled": every image once, in an order of this epoch's own; "once": every image once,
        in the same random order each epoch; "file": every image once, as they lie in the data set;
        "sorted": the same, class after class; "replacement": as many images, each drawn anew from
        all of them, so some come several times and about 37 % not at all: no partition.
    labels: int64 (N,) on the CPU; N = 0 gives no batches.
    batch_size: images, at least 1; above N it gives one batch of all.
    epoch_generator: of this epoch.
    trial_generator: in the same state every epoch.
    """
    n = len(labels)
    if order == "shuffled":
        index = torch.randperm(n, generator=epoch_generator)
    elif order == "once":
        index = torch.randperm(n, generator=trial_generator)
    elif order == "file":
        index = torch.arange(n)
    elif order == "sorted":
        index = labels.argsort(stable=True)
    else:
        index = torch.randint(max(n, 1), (n,), generator=epoch_generator)
    return cut(index, batch_size)
