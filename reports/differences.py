"""How a difference is shown, wherever it is: effect, interval, p, and what the interval is over."""

from __future__ import annotations

import math

from claims.finding import Finding
from claims.statistics import Difference
from claims.units import POINTS, Unit

TOGETHER = "Intervals and p-values hold for all rows together."
ANOTHER_SEED = "nothing of how another seed would end"
"""What an interval over the test images of one seed knows."""


def told(difference: Difference, unit: Unit) -> tuple[str, str, str]:
    """Effect, interval and p as text, in the metric's unit: "+1.2", "-0.3 to +2.7", "0.030"."""
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    low, high = _end(difference.low, unit), _end(difference.high, unit)
    return unit.gap(difference.estimate), f"{low} to {high}", p


def in_a_line(difference: Difference, unit: Unit = POINTS) -> str:
    """Effect and interval: "+0.5 [-0.3, +1.2]"."""
    low, high = _end(difference.low, unit), _end(difference.high, unit)
    return f"{unit.gap(difference.estimate)} [{low}, {high}]"


def _end(value: float, unit: Unit) -> str:
    """Of an interval; next to 0, which it then excludes, it is "above 0"."""
    if math.isinf(value):
        return "+∞" if value > 0 else "-∞"
    return unit.gap(value)


def effect(finding: Finding) -> str:
    """The effect of a finding with its unit, "" without one: "8.8 points"."""
    return _with_unit(finding, finding.effect.estimate) if finding.effect else ""


def ends(finding: Finding) -> str:
    """The interval of a finding, "" without one; of another confidence than 95 %, that too."""
    effect = finding.effect
    if effect is None:
        return ""
    low, high = _digits(finding, effect.low), _digits(finding, effect.high)
    confidence = "" if effect.confidence == 0.95 else f" ({100 * effect.confidence:.4g} %)"
    return f"{low} to {high}{confidence}"


def detectable(finding: Finding) -> str:
    """What it could have found, "" where that does not matter: "2.1 points"."""
    return "" if finding.detectable is None else _with_unit(finding, finding.detectable)


def _with_unit(finding: Finding, value: float) -> str:
    return f"{_digits(finding, value)} {finding.unit}".rstrip()


def _digits(finding: Finding, value: float) -> str:
    """As differences have them: points to a tenth, all else to three digits."""
    scaled = finding.scale * value
    return f"{round(scaled, 1) + 0.0:.1f}" if finding.unit == POINTS.word else number(scaled)


def number(value: float) -> str:
    """Three digits of it."""
    return f"{value:.3g}"


def one_seed(difference: Difference) -> bool:
    """Whether its interval is over the test images of one seed, and knows nothing of another."""
    return not difference.over_seeds


def amount(difference: Difference) -> str:
    """How much an interval is over: "3 seeds", "2,500 test images"."""
    return f"{difference.n:,} {'test images' if one_seed(difference) else 'seeds'}"


def basis_in_words(difference: Difference) -> str:
    """The same by itself: "3 seeds", "2,500 test images of one seed"."""
    return amount(difference) + (" of one seed" if one_seed(difference) else "")
