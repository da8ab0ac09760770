"""Which setting matters most: a strip a setting, on one scale, with a dot a value."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.units import unit_of, words_of
from reports.figures.looks import COLOURS
from reports.figures.sweep_view import spread
from reports.reading import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

name = "factors"
caption = "{outcome} by every setting's value."
per_sweep = False
unfolded = True

WIDTH, LEFT, RIGHT = 8.5, 1.5, 1.1  # inches: of the figure, and those beside the axis
LEVEL, GAP = 0.2, 0.2  # inches: a row of labels in a strip, and those between strips
SIZE = 8  # points of a label
LONGEST = 32  # letters of a value

Dot = tuple[str, float]  # label, mean
Label = tuple[str, float, bool, int]  # and whether it stands left of its dot, and on which level


def draw(reading: Reading, sweep: str) -> Figure | None:
    """Of every setting that a sweep varies, but for one that each variant tunes."""
    run, factors = reading.run, dict[str, dict[str, list[float]]]()
    for own in run.sweeps:
        mates = [variant for variant in run.sweep(own) if variant in reading.shown]
        values = [variant.values(own) for variant in mates]
        for setting in dict.fromkeys(n for one in values for n in one):
            tried = {str(one[setting]) for one in values if setting in one}
            if len(tried) < 2 or setting == run.study.tune_each:
                continue
            strip = factors.setdefault(setting if setting == own else f"{setting} ({own})", {})
            for variant, one in zip(mates, values, strict=True):
                if setting in one:
                    outcomes = [t.metrics.get(run.outcome, np.nan) for t in variant.finished]
                    strip.setdefault(str(one[setting]), []).extend(outcomes)
    return strips(factors, run.outcome, f"{run.study.study}: by setting")


def strips(
    factors: Mapping[str, Mapping[str, Sequence[float]]], metric: str, title: str
) -> Figure | None:
    """The mean metric of every value of every setting, the setting with the widest range first.

    Values without a finite metric and settings with fewer than two values are left out; None if no
    setting is left.

    factors: setting to value to the metric of every trial with it, which is told in its unit.
    """
    from matplotlib.figure import Figure

    given = [trials for values in factors.values() for trials in values.values()]
    unit = unit_of(metric)
    every = {name: _means(values, unit.scale) for name, values in factors.items()}
    means = {name: values for name, values in every.items() if len(values) > 1}
    if not means:
        return None
    ranges = {name: max(values.values()) - min(values.values()) for name, values in means.items()}
    order = sorted(means, key=lambda name: -ranges[name])  # equal ones stay in their order
    dots = [mean for values in means.values() for mean in values.values()]
    room = 0.03 * (max(dots) - min(dots)) or 1.0
    left, right = min(dots) - room, max(dots) + room
    inch = (right - left) / (WIDTH - LEFT - RIGHT)
    names = {name: textwrap.wrap(name, 17, break_on_hyphens=False) or [""] for name in order}
    named = {name: _named(factors[name], means[name]) for name in order}
    few = {name: spread(of_setting) for name, of_setting in named.items()}
    labels = {name: _placed(few[name], right, inch) for name in order}
    names = {n: [*lines, *_some(few[n], named[n])] for n, lines in names.items()}
    heights = [
        GAP + max(LEVEL * (1 + max(level for *_, level in labels[name])), 0.17 * len(names[name]))
        for name in order
    ]
    head = textwrap.wrap(title, int(9.5 * WIDTH))
    top, bottom, tall = 0.35 + 0.22 * len(head), 0.95, sum(heights)
    figure = Figure(figsize=(WIDTH, top + tall + bottom))
    figure.suptitle("\n".join(head), y=1 - 0.1 / (top + tall + bottom), va="top")
    width, height = (WIDTH - LEFT - RIGHT) / WIDTH, tall / (top + tall + bottom)
    axis = figure.add_axes((LEFT / WIDTH, bottom / (top + tall + bottom), width, height))
    axis.set(
        xlim=(left, right),
        ylim=(tall, 0),
        yticks=[],
        xlabel=f"{words_of(metric)},{unit.sign}".removesuffix(","),
    )
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["left", "right", "top"]].set_visible(False)
    start = 0.0
    for name, strip in zip(order, heights, strict=True):
        _strip(axis, start, strip, labels[name], inch)
        beside: dict[str, Any] = {"transform": axis.get_yaxis_transform(), "va": "center"}
        middle = start + strip / 2
        axis.text(-0.02, middle, "\n".join(names[name]), ha="right", fontsize=9, **beside)
        reach = f"{unit.digits(ranges[name] / unit.scale)} {unit.word}".rstrip()
        axis.text(1.02, middle, reach, fontsize=9, **beside)
        start += strip
        axis.axhline(start, color="0.8", lw=0.8)
    axis.text(1.02, -0.05, "range", transform=axis.get_yaxis_transform(), fontsize=9)
    figure.text(0.5, 0.1 / (top + tall + bottom), _notes(given), ha="center", fontsize=8)
    return figure


def _some(few: Sequence[Dot], every: Sequence[Dot]) -> list[str]:
    """A line that says how many values are shown, where that is not all."""
    return [] if len(few) == len(every) else [f"({len(few)} of {len(every):,})"]


def _means(values: Mapping[str, Sequence[float]], scale: float) -> dict[str, float]:
    finite = {value: [x for x in trials if np.isfinite(x)] for value, trials in values.items()}
    return {value: scale * float(np.mean(trials)) for value, trials in finite.items() if trials}


def _named(values: Mapping[str, Sequence[float]], means: Mapping[str, float]) -> list[Dot]:
    """(label, mean) from the smallest; with the number of trials where values differ in it."""
    counts = {value: int(np.isfinite(values[value]).sum()) for value in means}
    alike = len(set(counts.values())) == 1
    dots = []
    for value, mean in sorted(means.items(), key=lambda item: item[1]):
        text = value if len(value) <= LONGEST else f"{value[: LONGEST - 12]}…{value[-11:]}"
        dots.append((text if alike else f"{text} ({counts[value]})", mean))
    return dots


def _placed(dots: Sequence[Dot], right: float, inch: float) -> list[Label]:
    """The labels of a strip, each on the first level where nothing else is."""
    from matplotlib.textpath import TextPath

    taken: list[list[tuple[float, float]]] = []
    labels: list[Label] = []
    for text, mean in dots:
        wide = TextPath((0, 0), text, size=SIZE).get_extents().width / 72 if text.strip() else 0.0
        dot, reach = 0.07 * inch, (wide + 0.2) * inch
        flipped = mean + reach > right
        span = (mean - reach, mean + dot) if flipped else (mean - dot, mean + reach)
        free = (
            i
            for i, spans in enumerate(taken)
            if all(span[1] < low or high < span[0] for low, high in spans)
        )
        level = next(free, len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append(span)
        labels.append((text, mean, flipped, level))
    return labels


def _strip(axis: Any, start: float, height: float, labels: Sequence[Label], inch: float) -> None:
    """Dots and labels of a setting on a bar from its smallest to its largest mean."""
    levels = 1 + max(level for *_, level in labels)
    first = start + (height - LEVEL * levels) / 2 + LEVEL / 2
    means = [mean for _, mean, *_ in labels]
    ends, edge = (min(means), max(means)), GAP / 4
    axis.fill_between(ends, start + edge, start + height - edge, color=COLOURS[5], alpha=0.25, lw=0)
    for text, mean, flipped, level in labels:
        place = first + LEVEL * level
        axis.plot(mean, place, "o", ms=5.5, color=COLOURS[0])
        x, side = mean + (-0.08 if flipped else 0.08) * inch, "right" if flipped else "left"
        axis.text(x, place, text, ha=side, va="center", fontsize=SIZE)


def _notes(given: Sequence[Sequence[float]]) -> str:
    lost = sum(not np.isfinite(x) for trials in given for x in trials)
    return (
        "A dot is the mean over all trials with that value, whatever their other settings; in "
        "brackets how many,\nwhere that differs. The range is from the lowest dot to the highest."
        + (f" Trials without a finite value: {lost}." if lost else "")
    )
