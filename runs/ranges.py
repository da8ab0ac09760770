"""A range that values of a setting are drawn from, as study.json has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

DIGITS = 4  # of a value that is drawn


class Range(BaseModel):
    """Numbers from low to high, or a choice of values.

    log: whether equal ratios are equally likely, and not equal differences.
    step: of which all values are multiples; None for any number.
    whole: whether they are integers, `high` included.
    choices: the values of a choice, which has no ends; () for numbers.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def at(self, share: float) -> Any:
        """The value below which a share of all draws lies.

        share: in [0, 1); the end of the range for 1.
        """
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.whole:  # every integer has an equal part, of its own width on the range's scale
            low, high = self._scaled(self.low), self._scaled(self.high + 1)
            return self.fitted(math.floor(self._unscaled(low + share * (high - low))))
        low, high = self._scaled(self.low), self._scaled(self.high)
        return self.fitted(self._unscaled(low + share * (high - low)))

    def fitted(self, value: Any) -> Any:
        """The value nearest to another one that could be drawn; a choice stays as it is."""
        if self.choices:
            return value
        if self.whole:
            return int(min(max(self._rounded(value), self.low), self.high))
        # A number that a person can read, and type again.
        return min(max(float(f"{self._rounded(value):.{DIGITS}g}"), self.low), self.high)

    def share(self, value: float) -> float:
        """Where a number lies between the ends, in [0, 1]; on a logarithmic scale if `log`."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    def has(self, value: Any) -> bool:
        """Whether it could have been drawn, steps aside."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high

    def beyond(self, share: float) -> Range:
        """A range of the same width about one of its ends: what would test a value that lies there.

        share: where the value lies, as `share` has it.
        """
        low, high = self._scaled(self.low), self._scaled(self.high)
        half = (high - low) / 2
        end = low if share < 0.5 else high
        low, high = self._unscaled(end - half), self._unscaled(end + half)
        if self.whole:
            low, high = max(1.0, round(low)), round(high)
        return self.model_copy(update={"low": low, "high": high})

    @property
    def says(self) -> str:
        """For people: "0.0001 to 1, log"."""
        if self.choices:
            return " or ".join(map(str, self.choices))
        return f"{self.low:g} to {self.high:g}{', log' if self.log else ''}"

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value

    def _unscaled(self, value: float) -> float:
        return math.exp(value) if self.log else value

    def _rounded(self, value: float) -> float:
        return value if self.step is None else self.step * round(value / self.step)


def without(settings: Mapping[str, Any], tuned: Mapping[str, Range]) -> dict[str, Any]:
    """Settings but for those that are tuned: what tells a variant apart from others."""
    return {name: value for name, value in settings.items() if name not in tuned}
