"""How the learning rate moves."""

import math


def one_cycle(elapsed: float) -> float:
    """Learning rate as a share of its peak: linear up over 30 % of training, cosine down to 0.

    Smith and Topin 2017, arXiv 1708.07120, in the shape of torch.optim.lr_scheduler.OneCycleLR.

    elapsed: share of the whole training that is over, 0..1.
    """
    if elapsed < 0.3:
        return 0.04 + 0.96 * elapsed / 0.3
    return 0.5 * (1 + math.cos(math.pi * (elapsed - 0.3) / 0.7))
