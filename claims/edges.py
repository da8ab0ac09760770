"""Best values that lie at an end of what was drawn: beyond it a better one may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.ranges import Range

EDGE = 0.05  # of a range's width: what lies nearer to an end lies at it


@dataclass(frozen=True)
class Edge:
    """A best value at one end of what was drawn, in at least half of the blocks.

    setting: which.
    values: the best ones that lie there, block by block.
    of: in how many blocks there was a best value.
    upper: at which end.
    drawn: the range.
    further: the range that would test it; None where there is nothing beyond.
    """

    setting: str
    values: Sequence[float]
    of: int
    upper: bool
    drawn: Range
    further: Range | None


def edges(ranges: Mapping[str, Range], best: Sequence[Mapping[str, Any]]) -> Iterator[Edge]:
    """Those of a variant.

    best: the settings that are best, a block each.
    """
    for name, drawn in ranges.items():
        if drawn.choices or drawn.low >= drawn.high:
            continue
        values = [settings[name] for settings in best]
        shares = np.array([drawn.share(value) for value in values])
        for upper, there in ((False, shares <= EDGE), (True, shares >= 1.0 - EDGE)):
            if there.any() and 2 * there.sum() >= len(values):
                at = [value for value, is_there in zip(values, there, strict=True) if is_there]
                yield Edge(name, at, len(values), upper, drawn, _further(drawn, upper))


def _further(drawn: Range, upper: bool) -> Range | None:
    """Beyond an end, but never below 0 where nothing drawn was: few settings can be negative."""
    if not upper and drawn.low == 0:
        return None
    further = drawn.beyond(1.0 if upper else 0.0)
    if drawn.low >= 0 > further.low:
        further = further.model_copy(update={"low": 0.0})
    return further if further.low < further.high else None
