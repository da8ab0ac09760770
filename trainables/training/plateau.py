"""Training until it no longer gains, whatever that takes."""

from __future__ import annotations

from typing import Any

DROP = 0.1  # of the learning rate, once


class Plateau:
    """Says at which rate to go on, and when training is over.

    The rate stays while a loss falls. After `patience` epochs without a new lowest one it falls to
    a tenth; after as many again, training is over. Ending when validation no longer gains is
    Prechelt 1998, "Early Stopping - But When?", and lowering the rate first is what
    torch.optim.lr_scheduler.ReduceLROnPlateau does.

    patience: epochs, 1 or more.
    kept: what `state` gave, to go on from there.
    """

    def __init__(self, patience: int, kept: dict[str, Any] | None = None) -> None:
        self._patience = patience
        self._lowest, self._since, self._rate = float("inf"), 0, 1.0
        self.over = False
        if kept is not None:
            self._lowest, self._since = float(kept["lowest"]), int(kept["since"])
            self._rate, self.over = float(kept["rate"]), bool(kept["over"])

    def told(self, loss: float) -> None:
        """An epoch has ended with a loss."""
        if loss < self._lowest:
            self._lowest, self._since = loss, 0
            return
        self._since += 1
        if self._since < self._patience:
            return
        self.over = self._rate < 1
        self._since, self._rate = 0, DROP

    def share(self, elapsed: float) -> float:
        """The rate as a share of its peak, which it rises to in the first epoch.

        elapsed: epochs that are over, as 0.5 in the middle of the first.
        """
        return self._rate * min(1.0, 0.04 + 0.96 * elapsed)

    def state(self) -> dict[str, Any]:
        """All that another one needs to go on."""
        return {
            "lowest": self._lowest,
            "since": self._since,
            "rate": self._rate,
            "over": self.over,
        }
