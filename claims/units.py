"""How a metric is told to people: its name in words, its unit, its digits."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHARES = re.compile(r"accuracy|f1|recall|precision|map_at_r|top\d")
SPLITS = {"val": "validation", "train_clean": "clean train"}


@dataclass(frozen=True)
class Unit:
    """How a number is told.

    scale: what it is multiplied by.
    word: what follows a difference, "" for nothing.
    sign: what follows a value.
    decimals: behind the point; None: three digits in all.
    """

    scale: float = 1.0
    word: str = ""
    sign: str = ""
    decimals: int | None = None

    def value(self, number: float) -> str:
        """With its sign: "51.2 %" or "0.873"."""
        return f"{self.digits(number)}{self.sign}"

    def digits(self, number: float) -> str:
        """The number alone: "51.2"."""
        scaled = self.scale * number
        return f"{scaled:.3g}" if self.decimals is None else f"{scaled:.{self.decimals}f}"

    def gap(self, number: float) -> str:
        """A difference with its sign: "+0.5"."""
        scaled = self.scale * number
        if abs(scaled) < 1e-9:  # what rounding leaves of 0
            scaled = 0.0
        if self.decimals is None:
            return f"{scaled:+.3g}"
        return f"{round(scaled, self.decimals) + 0.0:+.{self.decimals}f}"


POINTS = Unit(100.0, "points", " %", 1)


def unit_of(metric: str) -> Unit:
    """Accuracies and their like are told in percent, and differences of them in points."""
    if SHARES.search(metric.partition("/")[2]):
        return POINTS
    return Unit(word="s", sign=" s") if metric.startswith("time/") else Unit()


def words_of(metric: str) -> str:
    """A metric in words: "test accuracy", "validation rmse"."""
    split, _, name = metric.partition("/")
    return f"{SPLITS.get(split, split)} {name.replace('_', ' ')}"
