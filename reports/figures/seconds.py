"""Loss and accuracy against seconds of training: what an epoch takes differs between variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures import curves
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "seconds"
caption = "Loss and accuracy by seconds of training."
per_sweep = True
unfolded = False


def draw(reading: Reading, sweep: str) -> Figure | None:
    """As against epochs, where steps are counted."""
    return curves.against(reading, sweep, "seconds")
