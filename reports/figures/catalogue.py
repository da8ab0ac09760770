"""What a figure is, and every one that there is, in the order of a page.

A new one is a file beside this one that has what `Figure` names, and its line in `FILES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from reports.reading import Reading

if TYPE_CHECKING:  # whatever imports this need not wait for matplotlib
    import matplotlib.figure


class Figure(Protocol):
    """One kind of picture of a run; a module is one, too.

    name: what follows the sweep in the file's name, "" for nothing.
    caption: for people; {outcome} stands for the metric that variants are compared by.
    per_sweep: whether there is one of every sweep, rather than one of the run.
    unfolded: whether a page shows it at once.
    """

    name: str
    caption: str
    per_sweep: bool
    unfolded: bool

    def draw(self, reading: Reading, sweep: str) -> matplotlib.figure.Figure | None:
        """The picture of a sweep, "" of the run; None where there is nothing to draw."""


FILES = (
    "search_history",
    "search_importance",
    "search_slices",
    "forest",
    "factors",
    "curves",
    "heat",
    "tuning",
    "sensitivity",
    "embeddings",
    "confusion",
    "roc",
    "steps",
    "seconds",
    "updates",
    "layers",
    "effective",
    "path",
)

FIGURES: list[Figure] = [cast(Figure, import_module(f"reports.figures.{file}")) for file in FILES]


def stem(figure: Figure, sweep: str) -> str:
    """The name of its files without an ending: "loss", "loss_roc", "forest"."""
    return "_".join(part for part in (sweep, figure.name) if part)
