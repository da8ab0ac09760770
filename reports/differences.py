"""How a difference is shown, wherever it is: effect, interval, p, and what the interval is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from claims.finding import Finding
from claims.looks import in_words
from claims.statistics.interval import Difference
from claims.units import POINTS, Unit

ANOTHER_SEED = "nothing of how another seed would end"
"""What an interval over the test images of one seed knows."""
NOTHING_DRAWN = (
    "Nothing is drawn, and another seed comes to the same: "
    "intervals cover other test images, not other train images"
)
"""What an interval over test images alone knows, where the seed decides nothing."""


def told(difference: Difference, unit: Unit) -> tuple[str, str, str]:
    """Effect, interval and p as text, in the metric's unit: "+1.2", "-0.3 to +2.7", "0.030"."""
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    low, high = unit.gap(difference.low), unit.gap(difference.high)
    return unit.gap(difference.estimate), f"{low} to {high}", p


def in_a_line(difference: Difference, unit: Unit = POINTS) -> str:
    """Effect and interval: "+0.5 [-0.3, +1.2]"."""
    low, high = unit.gap(difference.low), unit.gap(difference.high)
    return f"{unit.gap(difference.estimate)} [{low}, {high}]"


def shares(difference: Difference, unit: Unit) -> str:
    """What seeds and test images each put into the interval: "seeds ±1.7, images ±0.4"."""
    return _shares(difference, unit.digits)


def _shares(difference: Difference, digits: Callable[[float], str]) -> str:
    parts = []
    if difference.seeds > 1:
        parts.append(f"seeds ±{digits(difference.from_seeds)}")
    if difference.images is not None:
        parts.append(f"images ±{digits(difference.from_images)}")
    return ", ".join(parts)


def together(differences: Iterable[Difference]) -> str:
    """For which rows of a table intervals hold at once, a sentence."""
    declared = [one.declared for one in differences]
    if all(declared):
        return "Each was declared by a claim, and stands alone."
    alone = (
        ", but for those declared by a claim: each of these stands alone" if any(declared) else ""
    )
    return f"Intervals and p-values hold for all rows together{alone}."


def level(differences: Iterable[Difference]) -> str:
    """What intervals err with: "95 % over all looks (this one 96 %)"."""
    alphas = sorted({round(1.0 - one.confidence, 10) for one in differences}, reverse=True)
    return " or ".join(in_words(alpha) for alpha in alphas)


def effect(finding: Finding) -> str:
    """The effect of a finding with its unit, "" without one: "8.8 points"."""
    return _with_unit(finding, finding.effect.estimate) if finding.effect else ""


def ends(finding: Finding) -> str:
    """The interval of a finding, "" without one: "-0.3 to 1.2"."""
    effect = finding.effect
    if effect is None:
        return ""
    return f"{_digits(finding, effect.low)} to {_digits(finding, effect.high)}"


def finding_shares(finding: Finding) -> str:
    """What seeds and test images each put into it, "" without an interval."""
    if finding.effect is None:
        return ""
    return _shares(finding.effect, lambda value: _digits(finding, value))


def detectable(finding: Finding) -> str:
    """What it could have found, "" where that does not matter: "2.1 points"."""
    return "" if finding.detectable is None else _with_unit(finding, finding.detectable)


def _with_unit(finding: Finding, value: float) -> str:
    return f"{_digits(finding, value)} {finding.unit}".rstrip()


def _digits(finding: Finding, value: float) -> str:
    """As differences have them: points to a tenth, all else to three digits."""
    scaled = finding.scale * value
    if finding.unit == POINTS.word:
        return f"{round(scaled, 1) + 0.0:.1f}"
    return number(0.0 if abs(scaled) < 1e-9 else scaled)


def number(value: float) -> str:
    """Three digits of it."""
    return f"{value:.3g}"


def one_seed(difference: Difference) -> bool:
    """Whether its interval is over the test images of one seed, and knows nothing of another."""
    return difference.seeds == 1 and difference.drawn


def amount(difference: Difference) -> str:
    """What an interval is over: "3 seeds, 2,500 images", "3 seeds only", "80 images of one seed".

    Where the seed decides nothing: "2,500 images; nothing is drawn".
    """
    if not difference.drawn:
        return f"{difference.images:,} images; nothing is drawn"
    if one_seed(difference):
        return f"{difference.images:,} images of one seed"
    seeds = f"{difference.seeds} seeds"
    return (
        f"{seeds} only" if difference.images is None else f"{seeds}, {difference.images:,} images"
    )


def amounts(differences: Iterable[Difference]) -> str:
    """Of several: what all are over, or each that some are over, what is not drawn last."""
    return " or ".join(
        dict.fromkeys(map(amount, sorted(differences, key=lambda one: not one.drawn)))
    )
