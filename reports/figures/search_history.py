"""How a search went: what each trial came to, in their order, and the best so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from claims.units import unit_of, words_of
from reports.figures.looks import COLOURS
from reports.figures.sheet import sheet
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "search_history"
caption = (
    "What each trial came to, in the order in which they were suggested: finished ones, and in "
    "grey pruned ones with the value at which they were stopped; the line is the best that has "
    "finished."
)
per_sweep = False
unfolded = True

GREYS = (("#a4a9b0", "v"), ("#6d737b", "s"), ("#2e3238", "D"))  # of rungs, and the last of all
LOST = {"marker": "x", "color": COLOURS[1], "ls": ""}
FINISHED = {"marker": "o", "color": COLOURS[0], "ls": ""}


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Every trial that measured something, and as crosses at the bottom those that died."""
    found = reading.search
    if found is None or all(one.value is None for one in found.tried):
        return None
    unit, every = unit_of(found.metric), list(enumerate(found.tried, 1))
    styles: dict[str, Mapping[str, Any]] = {}
    groups: dict[str, list[tuple[int, float]]] = {}

    def add(called: str, style: Mapping[str, Any], x: int, y: float) -> None:
        styles.setdefault(called, style)
        groups.setdefault(called, []).append((x, y))

    rungs = sorted({one.trial.epochs for one in found.tried if one.outcome == "pruned"})
    shown = {one: GREYS[min(place, len(GREYS) - 1)] for place, one in enumerate(rungs)}
    for x, one in every:
        if one.outcome == "finished" and one.value is not None:
            add("finished", FINISHED, x, unit.scale * one.value)
    for rung in rungs:
        colour, marker = shown[rung]
        look = {"marker": marker, "color": colour, "ls": ""}
        for x, one in every:
            if one.outcome == "pruned" and one.trial.epochs == rung and one.value is not None:
                called = f"pruned after {rung} epoch{'s' if rung > 1 else ''}"
                add(called, look, x, unit.scale * one.value)
    best = [(x, unit.scale * one.best) for x, one in every if one.best is not None]
    if best:
        styles["best so far"] = {"color": COLOURS[2], "ls": "-"}
    lost = [x for x, one in every if one.outcome in ("diverged", "failed")]
    if lost:
        styles["diverged or failed"] = LOST
    figure, (axis,) = sheet(reading.run.study.study, styles, 1, (7.0, 4.2))
    for called, points in groups.items():
        axis.plot(*zip(*points, strict=True), ms=6, **styles[called])
    if best:
        axis.step(*zip(*best, strict=True), where="post", lw=1.8, zorder=1,
                  **styles["best so far"])  # fmt: skip
    if lost:
        bottom = {"transform": axis.get_xaxis_transform(), "clip_on": False}
        axis.plot(lost, [0.0] * len(lost), ms=7, mew=1.8, **bottom, **LOST)
    axis.set(xlabel="trial", ylabel=f"{words_of(found.metric)}{f',{unit.sign}' * bool(unit.sign)}")
    axis.set_xlim(0.5, len(every) + 0.5)
    axis.xaxis.get_major_locator().set_params(integer=True)
    return figure
