"""Generators that depend on (seed, epoch, purpose) alone: a resumed trial draws the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive(seed: int, epoch: int, purpose: str) -> int:
    """A 63-bit seed; unlike seed + epoch, no two (seed, epoch, purpose) share a stream."""
    digest = hashlib.sha256(f"{seed}/{epoch}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, epoch: int, purpose: str) -> torch.Generator:
    """A CPU generator for one purpose ("order", "augmentation", ...) in one epoch."""
    import torch

    return torch.Generator().manual_seed(derive(seed, epoch, purpose))
