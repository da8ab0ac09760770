"""Loss and accuracy against optimiser steps: what an epoch costs differs between batch sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures import curves
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "steps"
caption = "Loss and accuracy by optimiser step."
per_sweep = True
unfolded = False


def draw(reading: Reading, sweep: str) -> Figure | None:
    """As against epochs, where steps are counted."""
    return curves.against(reading, sweep, "steps")
