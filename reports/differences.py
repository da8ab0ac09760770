"""How a difference is shown, wherever it is: effect, interval, p, and what the interval is over."""

from __future__ import annotations

from claims.statistics import Difference
from claims.units import Unit


def told(difference: Difference, unit: Unit) -> tuple[str, str, str]:
    """Effect, interval and p as text, in the metric's unit: "+1.2", "-0.3 to +2.7", "0.030"."""
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    ends = f"{unit.gap(difference.low)} to {unit.gap(difference.high)}"
    return unit.gap(difference.estimate), ends, p


def basis_in_words(difference: Difference) -> str:
    """What an interval is over: "3 seeds"."""
    seeds = difference.basis == "t over seeds"
    return f"{difference.n:,} {'seeds' if seeds else 'test images of one seed'}"
