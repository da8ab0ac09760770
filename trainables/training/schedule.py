"""How the learning rate moves."""

import math


def one_cycle(progress: float) -> float:
    """Learning rate as a share of its peak: linear up over 30 % of training, cosine down to 0.

    progress: of the whole training, 0..1.  Smith and Topin 2017, arXiv 1708.07120, in the shape of
    torch.optim.lr_scheduler.OneCycleLR.
    """
    if progress < 0.3:
        return 0.04 + 0.96 * progress / 0.3
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.3) / 0.7))
