"""What a benchmark prints: a figure of ours beside the one that it is compared with."""

from __future__ import annotations

import argparse
import importlib
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, NamedTuple, TypeVar

T = TypeVar("T")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    "1 +-": lambda value, limit: abs(value - 1) <= limit,
}


class Target(NamedTuple):
    """What the median must be: Target("ratio", "<=", 1.05), or "1 +-" 0.25 for 0.75..1.25.

    of: "difference" is the distance between ours and the other, pair by pair.
    """

    of: Literal["ours", "ratio", "difference"]
    sign: Literal["<", "<=", ">=", "1 +-"]
    limit: float


@dataclass(frozen=True)
class Figure:
    """Pairs of measurements: `ours[i]` was taken next to `other[i]`, so their ratio means most."""

    what: str
    unit: str
    ours: Sequence[float]
    other_name: str
    other: Sequence[float]
    target: Target | None = None  # None: for information

    @property
    def ratios(self) -> list[float]:
        """Ours as a multiple of the other, pair by pair."""
        return [a / b for a, b in zip(self.ours, self.other, strict=True)]

    @property
    def verdict(self) -> str:
        """The target and whether the median meets it: "ratio <= 1.05: met"."""
        if self.target is None:
            return "none, for information"
        of, sign, limit = self.target
        distances = [abs(a - b) for a, b in zip(self.ours, self.other, strict=True)]
        values = {"ours": self.ours, "ratio": self.ratios, "difference": distances}[of]
        unit = "" if of == "ratio" else f" {self.unit}"
        met = "met" if COMPARE[sign](median(values), limit) else "missed"
        return f"{of} {sign} {limit:g}{unit}: {met}"

    def __str__(self) -> str:
        ours, other = spread(self.ours, self.unit), spread(self.other, self.unit)
        return (
            f"{self.what}: ours {ours}; {self.other_name} {other}; "
            f"ratio {spread(self.ratios)}; target {self.verdict}"
        )


def spread(values: Sequence[float], unit: str = "") -> str:
    """ "1.03 s (1.01..1.07, n=3)": median, smallest, largest and how many."""
    low, high, unit = min(values), max(values), unit and f" {unit}"
    return f"{median(values):.3g}{unit} ({low:.3g}..{high:.3g}, n={len(values)})"


def in_turn(sides: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, list[T]]:
    """Run the sides one after the other, `repeats` times, every second time in reverse order."""
    results: dict[str, list[T]] = {name: [] for name in sides}
    for repeat in range(repeats):
        for name in list(sides)[:: -1 if repeat % 2 else 1]:
            results[name].append(sides[name]())
    return results


def measured(name: str, repeats: int | None) -> list[Figure]:
    """The figures of a benchmark, printed a line each; None: as often as it chooses itself."""
    module = importlib.import_module(f"benchmarks.{name}")
    figures: list[Figure] = module.measure(repeats or module.REPEATS)
    for figure in figures:
        print(figure, flush=True)
    return figures


def at_least_one(text: str) -> int:
    """A number of repeats from the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {value}")
    return value


def main(
    about: str | None,
    measure: Callable[..., list[Figure]],
    repeats: int,
    trials: int | None = None,
) -> None:
    """The command line of one benchmark: print its figures, a line each.

    measure: takes the number of repeats, and of trials where that can be chosen.
    trials: how many by default, None where that cannot be chosen.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--repeats", type=at_least_one, default=repeats, help="of each side (default: %(default)s)"
    )
    if trials is not None:
        parser.add_argument(
            "--trials", type=at_least_one, default=trials, help="default: %(default)s"
        )
    started = time.perf_counter()
    for figure in measure(**vars(parser.parse_args())):
        print(figure, flush=True)
    print(f"Measured in {time.perf_counter() - started:.0f} s.")
