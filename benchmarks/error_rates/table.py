"""Tables of what many simulated studies come to."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Study = Callable[[Rng, int], float | tuple[float, ...]]
"""One study of so many seeds: whether it errs (True, False), or numbers."""

SEEDS = (2, 3, 5, 10)
FEW = (3, 5, 10)


@dataclass(frozen=True)
class Row:
    """One line of a table: the share of studies that err, or the median of a number.

    what: is simulated.
    study: draws one.
    limit: that no cell must pass, in percent of a share; None for information.
    seeds: of the cells.
    told: "share" or "median".
    """

    what: str
    study: Study
    limit: float | None = None
    seeds: Sequence[int] = SEEDS
    told: Literal["share", "median"] = "share"

    @property
    def must(self) -> str:
        """What a cell must be, for people: "≤ 5"."""
        return "" if self.limit is None else f"≤ {self.limit:g}"

    def drawn(self, seeds: int, studies: int) -> Floats:
        """What each study comes to, (studies,) or (studies, numbers); the same every time."""
        # A generator of its own, so that no other row or cell changes it.
        rng = np.random.default_rng([zlib.crc32(self.what.encode()), seeds])
        return np.array([self.study(rng, seeds) for _ in range(studies)], np.float64)

    def text(self, seeds: int, drawn: Floats) -> str:
        """A cell, bold where it is not as it must be."""
        value = float(100.0 * drawn.mean() if self.told == "share" else np.median(drawn))
        return _bold(f"{value:.1f}", self.limit is not None and value > self.limit)


@dataclass(frozen=True)
class Intervals(Row):
    """The share of intervals that hold the truth, and how wide their median is: "95.2 (1.80)".

    A study comes to both, the width as a multiple of that which knows how far seeds and images
    spread.

    least: percent that must hold it; None for information.
    since: so many seeds.
    widths: what the median width must not pass, from so many seeds on.
    """

    least: float | None = None
    since: int = 2
    widths: Mapping[int, float] = field(default_factory=dict)

    @property
    def must(self) -> str:
        """What the share must be."""
        since = f" from n = {self.since}" if self.since > 2 else ""
        return "" if self.least is None else f"≥ {self.least:g}{since}"

    def text(self, seeds: int, drawn: Floats) -> str:
        """A cell, bold where it is not as it must be."""
        held, width = float(100.0 * drawn[:, 0].mean()), float(np.median(drawn[:, 1]))
        low = self.least is not None and seeds >= self.since and held < self.least
        most = [self.widths[number] for number in sorted(self.widths) if seeds >= number]
        wide = bool(most) and width > most[-1]
        return f"{_bold(f'{held:.1f}', low)} ({_bold(f'{width:.2f}', wide)})"


@dataclass(frozen=True)
class Table:
    """Rows under one heading.

    unit: of the cells.
    """

    heading: str
    unit: str
    rows: Sequence[Row]

    def lines(self, studies: int, progress: Callable[[str], None]) -> Iterator[str]:
        """Markdown, line by line.

        studies: of each cell.
        progress: is told what is simulated next.
        """
        seeds = sorted({number for row in self.rows for number in row.seeds})
        yield from (f"**{self.heading}**", "")
        yield f"| {self.unit} | must be | {' | '.join(f'n = {number}' for number in seeds)} |"
        yield "|---" * (len(seeds) + 2) + "|"
        for row in self.rows:
            progress(row.what)
            cells = [
                row.text(number, row.drawn(number, studies)) if number in row.seeds else ""
                for number in seeds
            ]
            yield f"| {row.what} | {row.must} | {' | '.join(cells)} |"


def _bold(text: str, missed: bool) -> str:
    return f"**{text}**" if missed else text
