"""How the learning rate moves, and when training ends."""

from __future__ import annotations

import math
from typing import Any

from trainables.training.plateau import Plateau

PATIENCE = (
    "epochs without lower val/loss, after which lr falls to a tenth and, as many later, training "
    "ends; the best epoch's network is tested; 0: one cycle over all epochs"
)


def one_cycle(elapsed: float) -> float:
    """Learning rate as a share of its peak: linear up over 30 % of training, cosine down to 0.

    Smith and Topin 2017, arXiv 1708.07120, in the shape of torch.optim.lr_scheduler.OneCycleLR.

    elapsed: share of the whole training that is over, 0..1.
    """
    if elapsed < 0.3:
        return 0.04 + 0.96 * elapsed / 0.3
    return 0.5 * (1 + math.cos(math.pi * (elapsed - 0.3) / 0.7))


class Schedule:
    """One cycle over a number of epochs, or, with patience, until nothing is gained any more.

    epochs: how many there are, with patience at most.
    patience: see Plateau; 0: all epochs.
    kept: what `state` gave, to go on from there.
    """

    def __init__(self, epochs: int, patience: int, kept: dict[str, Any] | None = None) -> None:
        self._epochs = epochs
        self._plateau = Plateau(patience, kept) if patience else None

    def share(self, elapsed: float) -> float:
        """The learning rate as a share of its peak.

        elapsed: epochs that are over, as 0.5 in the middle of the first.
        """
        if self._plateau:
            return self._plateau.share(elapsed)
        return one_cycle(elapsed / self._epochs)

    def told(self, loss: float) -> None:
        """An epoch has ended with a loss."""
        if self._plateau:
            self._plateau.told(loss)

    @property
    def over(self) -> bool:
        """Whether training ends before all epochs have been."""
        return self._plateau is not None and self._plateau.over

    def state(self) -> dict[str, Any] | None:
        """All that another one needs to go on."""
        return self._plateau.state() if self._plateau else None
