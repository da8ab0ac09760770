"""What trials of a search came to, against each setting that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.searching import Found, Tried
from claims.units import unit_of, words_of
from reports.figures.looks import COLOURS
from reports.figures.search_history import LOST
from reports.figures.sheet import sheet
from reports.reading import Reading
from runs.ranges import Range

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "search_slices"
caption = (
    "What trials came to, against each setting that the search chose; a pruned one, with the value "
    "at which it was stopped, is hollow, and the best is ringed. A search tries more where it "
    "expects more, so these are no fair comparison of values."
)
per_sweep = False
unfolded = True

MOST = 16  # settings
LONGEST = 12  # letters of a value below an axis
FULL = {"marker": "o", "color": COLOURS[0], "ls": ""}
HOLLOW = {"marker": "o", "color": COLOURS[0], "ls": "", "markerfacecolor": "none"}


def draw(reading: Reading, sweep: str) -> Figure | None:
    """A panel for each setting that differs between trials."""
    found = reading.search
    if found is None or all(one.value is None for one in found.tried):
        return None
    columns = [name for name in found.domains if _differs(found, name)][:MOST]
    if not columns:
        return None
    styles = {"finished": FULL, "pruned": HOLLOW}
    styles = {n: look for n, look in styles.items() if any(o.outcome == n for o in found.tried)}
    lost = [one for one in found.tried if one.outcome in ("diverged", "failed")]
    if lost:
        styles["diverged or failed"] = LOST
    figure, axes = sheet(reading.run.study.study, styles, len(columns), (3.2, 2.9), sharey=True)
    unit = unit_of(found.metric)
    label = f"{words_of(found.metric)}{f',{unit.sign}' * bool(unit.sign)}"
    for at, (axis, setting) in enumerate(zip(axes, columns, strict=True)):
        there = [one for one in found.tried if setting in one.trial.settings]
        places = _places(axis, setting, there, found.domains[setting])
        for one, x in zip(there, places, strict=True):
            if one.outcome in ("diverged", "failed"):
                bottom = {"transform": axis.get_xaxis_transform(), "clip_on": False}
                axis.plot([x], [0.0], ms=6, mew=1.6, **bottom, **LOST)
            elif one.value is not None and one.outcome in ("finished", "pruned"):
                look: dict[str, Any] = FULL if one.outcome == "finished" else HOLLOW
                y = unit.scale * one.value
                axis.plot([x], [y], ms=5, alpha=0.85, **look)
                if one is found.best:
                    axis.plot([x], [y], "o", ms=10, mew=1.6, mec="black", mfc="none", zorder=3)
        few = "" if len(there) == len(found.tried) else f" ({len(there)} trials)"
        axis.set_xlabel(f"{setting}{few}")
        if at % _in_a_row(len(columns)) == 0:
            axis.set_ylabel(label)
    return figure


def _in_a_row(panels: int) -> int:
    rows = -(-panels // 4)
    return -(-panels // rows)


def _differs(found: Found, setting: str) -> bool:
    own = [one.trial.settings for one in found.tried]
    return len({repr(one[setting]) for one in own if setting in one}) > 1


def _places(
    axis: Any, setting: str, there: Sequence[Tried], domain: Range | Sequence[Any]
) -> list[float]:
    """Where trials stand on x, which is set up for that."""
    values = [one.trial.settings[setting] for one in there]
    if isinstance(domain, Range) and not domain.choices:
        # Where one sweep lists what another draws, a value may lie beyond the range.
        low, high = min(domain.low, *values), max(domain.high, *values)
        if domain.log and low > 0:
            axis.set_xscale("log")
            room = (high / low) ** 0.04
            axis.set_xlim(low / room, high * room)
        else:
            room = 0.04 * (high - low)
            axis.set_xlim(low - room, high + room)
        return [float(value) for value in values]
    listed = [*map(repr, domain.choices if isinstance(domain, Range) else domain)]
    listed += [one for one in dict.fromkeys(map(repr, values)) if one not in listed]
    texts = [_short(one) for one in listed]
    tilted = {"rotation": 30, "ha": "right"} if sum(map(len, texts)) > 2 * LONGEST else {}
    axis.set_xticks(range(len(listed)), texts, fontsize=8, **tilted)
    axis.set_xlim(-0.5, len(listed) - 0.5)
    # Beside each other, so that equal ones are seen: by their place, the same each time.
    aside = np.linspace(-0.22, 0.22, max(len(values), 2))
    return [listed.index(repr(value)) + float(aside[at]) for at, value in enumerate(values)]


def _short(text: str) -> str:
    plain = text.strip("'")
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
