"""How much each setting of a search decides, with its spread over resamples of the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures.looks import COLOURS
from reports.figures.sheet import sheet
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "search_importance"
caption = (
    "How much each setting decides whether a trial is among the best quarter, as a share of what "
    "all do (PED-ANOVA): median and middle 80 % over resamples of the trials. Blue ones decide "
    "more than chance would in nine of ten searches."
)
per_sweep = False
unfolded = True

MOST = 20  # settings; the others decide least


def draw(reading: Reading, sweep: str) -> Figure | None:
    """A bar a setting, the greatest on top; None of too few trials."""
    found = reading.search
    if found is None or not found.importance:
        return None
    shown = [*found.importance.items()][:MOST]
    figure, (axis,) = sheet(reading.run.study.study, {}, 1, (7.0, 1.2 + 0.38 * len(shown)))
    axis.grid(visible=False, axis="y")
    for place, (_, one) in enumerate(shown):
        colour = COLOURS[0] if one.stands_out else "#b5bac1"
        axis.barh(place, 100 * one.median, color=colour, height=0.65)
        axis.plot([100 * one.low, 100 * one.high], [place, place], color="black", lw=1.4)
    names = [
        name if one.trials == found.ranked else f"{name} ({one.trials} trials)"
        for name, one in shown
    ]
    axis.set_yticks(range(len(shown)), names)
    axis.invert_yaxis()
    axis.set(xlabel=f"share of what all settings decide, %, over {found.ranked} trials", xlim=(0, 100))
    return figure
