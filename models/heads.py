"""New classifiers on top of D features."""

from __future__ import annotations

from typing import Literal

from torch import nn

from models.seeded import seeded

Head = Literal["linear", "hidden"]
HIDDEN = 512


def head(kind: Head, dim: int, classes: int, seed: int) -> nn.Module:
    """A classifier from (B, dim) to (B, classes), its parameters drawn by `seed` alone.

    kind: "linear" is one layer; "hidden" is linear -> ReLU -> linear, with 512 units between, and
        without dropout, so that a trial draws nothing at random while it trains.
    """
    with seeded(seed):
        if kind == "linear":
            return nn.Linear(dim, classes)
        return nn.Sequential(nn.Linear(dim, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes))


def multiply_adds(kind: Head, dim: int, classes: int) -> int:
    """Multiply-additions of a head for one image, forward."""
    return dim * classes if kind == "linear" else HIDDEN * (dim + classes)
