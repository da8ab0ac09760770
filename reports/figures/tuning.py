"""What tuning brought: the best validation value, and its test, after every number of draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.budget import Over, Tuned
from claims.units import unit_of, words_of
from reports.figures import sweep_view
from reports.figures.looks import STYLES, Look
from reports.figures.sheet import sheet
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "tuning"
caption = (
    "The best draw after so many: validation, by which it is chosen (solid, mean over blocks; the "
    "band reaches from the lowest to the highest block), and its test (dashed, mean)."
)
per_sweep = True
unfolded = True

MARKERS = dict(zip(STYLES, ("o", "s", "^", "D"), strict=True))  # with a colour, as styles go


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of the variants of a sweep with a value, where there are two draws or more."""
    tuning = reading.tuning
    if tuning is None or tuning.draws < 2:
        return None
    looks = sweep_view.variant_looks(reading)
    # One of which no compared trial finished stands in no other picture.
    own = [v for v in reading.run.sweep(sweep) if v in looks and v in tuning.variants]
    found = [v for v in own if any(tuning.variants[v].best)]
    if not found:
        return None
    shown = sweep_view.spread(found)
    styles = {v.label(sweep): solid(looks[v]) for v in shown}
    blocks = len(tuning.blocks)
    title = f"{reading.run.study.study}: {sweep}{sweep_view.of_how_many(len(shown), len(found))}"
    figure, (axis,) = sheet(title, styles, 1, (7.0, 4.5))
    unit = unit_of(tuning.metric)
    for variant in shown:
        _lines_of(axis, tuning.variants[variant], styles[variant.label(sweep)], unit.scale)
    metric = words_of(tuning.metric).removeprefix("validation ")
    axis.set(xlabel="draws in each block", ylabel=f"{metric}{f',{unit.sign}' if unit.sign else ''}")
    axis.set_xticks(_ticks(tuning.draws))
    over = f"{blocks} blocks" if blocks > 1 else "one block"
    axis.set_title(f"solid: best validation, over {over}; dashed: its test", fontsize=9)
    return figure


def solid(look: Look) -> dict[str, Any]:
    """A variant's look where line styles say something else: a marker goes with its colour."""
    return {"color": look["color"], "marker": MARKERS[look["ls"]], "ls": "-"}


def _lines_of(axis: Any, one: Tuned, style: Mapping[str, Any], scale: float) -> None:
    x, mean, low, high = _numbers(one.best, scale)
    axis.fill_between(x, low, high, color=style["color"], alpha=0.12, lw=0)
    axis.plot(x, mean, lw=1.8, ms=5, **style)
    x, mean, _, _ = _numbers(one.test, scale)
    axis.plot(x, mean, lw=1.3, ms=3.5, alpha=0.9, **{**style, "ls": "--"})


def _numbers(values: Sequence[Over | None], scale: float) -> Any:
    """Numbers of draws, means, and the ends of the band, from where on there is a value."""
    there = [(n, v.mean, v.low, v.high) for n, v in enumerate(values, 1) if v]
    x, *rest = np.array(there, dtype=np.float64).reshape(-1, 4).T
    return x, *(scale * one for one in rest)


def _ticks(draws: int) -> list[int]:
    step = max(1, -(-draws // 12))
    return sorted({1, *range(step, draws + 1, step)})
