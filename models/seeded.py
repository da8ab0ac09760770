"""Fresh parameters that depend on a seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a CPU generator seeded with `seed`; no global generator changes after it."""
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would reseed the accelerators too, which devices=[] does not restore.
        torch.default_generator.manual_seed(seed)
        yield
