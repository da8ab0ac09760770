"""Intervals of 95 %: how often they hold the truth, and how wide they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import scipy

from benchmarks.error_rates.runs import Floats, Networks, skewed
from benchmarks.error_rates.table import FEW, Intervals, Rng, Row, Table
from claims.statistics.contrast import spread_of
from claims.statistics.dunnett import critical
from claims.statistics.pool import APART, pool, residual

ALPHA = 0.05
Z = float(-scipy.special.ndtri(ALPHA / 2.0))
VARIANTS = (2, 3, 5, 9)
IMAGES = (0, 200, 2_500, 10_000)
SD = 0.01  # of a seed's accuracy, were it tested on all images there are
Noise = Callable[[Rng, tuple[int, ...]], Floats]


def normal(rng: Rng, shape: tuple[int, ...]) -> Floats:
    """Noise of mean 0 and sd 1."""
    return rng.standard_normal(shape)


def interval(
    rng: Rng, seeds: int, noise: Noise, sds: Sequence[float], images: int = 0
) -> tuple[float, float]:
    """Whether that of the difference of the first two variants, which is 0, holds it; its width.

    sds: of the variants' noise over seeds, in `SD`, (V,).
    images: on which all are tested; 0 for numbers that are not told by image.

    The width is a multiple of that of an interval which knows the spread.
    """
    shifts = SD * np.array(sds)[:, None] * noise(rng, (len(sds), seeds))
    weights = np.zeros(len(sds))
    weights[:2] = 1.0, -1.0
    known = SD**2 * (sds[0] ** 2 + sds[1] ** 2) / seeds
    if images:
        networks = Networks(accuracy=0.6, images=images)
        right = networks.right(rng, shifts)
        values: Floats = right.mean(axis=-1)
        spread, _ = spread_of(values, weights, list(right[:2]))
        known += (networks.image_part + 2.0 * networks.network_part / seeds) / images
    else:
        values = shifts
        spread, _ = spread_of(values, weights)
    half = float(spread.half(ALPHA))
    return abs(weights @ values.mean(axis=1)) <= half, half / (Z * math.sqrt(known))


def _of(variants: int, images: int) -> str:
    return f"{variants} variants, {f'{images:,} images' if images else 'seeds only'}"


def _rows(name: str, noise: Noise, least: float, since: int) -> list[Row]:
    return [
        Intervals(
            f"{name}, {_of(variants, images)}",
            partial(interval, noise=noise, sds=[1.0] * variants, images=images),
            least=least, since=since, widths={3: 1.9, 5: 1.3},
        )
        for variants in VARIANTS
        for images in IMAGES
    ]  # fmt: skip


COVERAGE = Table(
    "Intervals of 95 % that hold the truth, and their median width: 1 is that of a known spread, "
    "1.9 the most with 3 seeds, 1.3 from 5 on",
    "% of studies (width)",
    [
        *_rows("normal", normal, 94.0, 2),
        *_rows("skew 2", skewed, 90.0, 3),
        *(
            Intervals(
                f"skew 2 of the difference, {_of(2, images)}",
                partial(interval, noise=skewed, sds=[1.0, 0.0], images=images),
                least=90.0,
                since=3,
            )
            for images in (0, 2_500)
        ),
    ],
)

UNEQUAL = Table(
    "The same, with the sd over seeds of one variant tripled (normal noise)",
    "% of studies (width)",
    [
        Intervals(
            f"{which}, {_of(variants, images)}",
            partial(
                interval, noise=normal, images=images,
                sds=[3.0 if x == noisy else 1.0 for x in range(variants)],
            ),
            least=90.0, since=3,
        )
        for which, noisy in (("one of the two", 0), ("another", 2))
        for variants in VARIANTS
        for images in (0, 2_500)
        if noisy < variants
    ],
)  # fmt: skip


def held_by(rng: Rng, seeds: int, half: Callable[[Floats], float], sds: Sequence[float]) -> bool:
    """Whether an interval of the difference of the first two variants holds 0, by another rule.

    half: of its width, of values (V, S).
    """
    values = np.array(sds)[:, None] * normal(rng, (len(sds), seeds))
    return bool(abs(values[0].mean() - values[1].mean()) <= half(values))


def as_here(values: Floats) -> float:
    """The variance that all share, but that of what spreads more where it is in the difference."""
    spread, _ = spread_of(values, [1.0, -1.0, *[0.0] * (len(values) - 2)])
    return float(spread.half(ALPHA))


def pool_of_all(values: Floats) -> float:
    """The variance that all share in any case."""
    return _half(values, {}, *residual(values))


def pool_without_those(values: Floats) -> float:
    """As here, but that what spreads more never counts in what the others share."""
    apart = pool(values).apart
    quiet = [row for row in range(len(values)) if row not in apart]
    return _half(values, apart, *residual(values[quiet] if len(quiet) > 1 else values))


def own_if_less_too(values: Floats) -> float:
    """As here, but that of what spreads less its own counts, too."""
    shared = pool(values)
    return _half(values, {**shared.apart, **_less(values)}, shared.variance, shared.df)


def _half(values: Floats, apart: Mapping[int, float], variance: float, df: int) -> float:
    """With the variances of some variants, and one for the others."""
    own = values.shape[1] - 1
    parts = [(apart[row], own) if row in apart else (variance, df) for row in (0, 1)]
    if parts[0][1] == parts[1][1] == df:
        parts = [(2.0 * variance, df)]
    whole = sum(part for part, _ in parts)
    freedom = whole**2 / sum(part**2 / each for part, each in parts)
    return float(critical(ALPHA, 1, freedom)) * math.sqrt(whole / values.shape[1])


def _less(values: Floats) -> dict[int, float]:
    """What spreads less, by the F test of `pool` to the other side, with its variance."""
    less = {}
    for row in range(len(values)):
        others = np.delete(values, row, axis=0)
        rest, df = residual(others)
        own = float((values[row] - others.mean(axis=0)).var(ddof=1)) / (1.0 + 1.0 / len(others))
        if scipy.special.fdtr(values.shape[1] - 1, df, own / rest) < APART:
            less[row] = own
    return less


EQUAL, TRIPLED = [1.0] * 5, [3.0, 1.0, 1.0, 1.0, 1.0]

POOLS = Table(
    "Why variants share their spread as they do: intervals of 95 % by other rules, 5 variants, "
    "seeds only",
    "% of studies that hold the truth",
    [
        Row(f"{sds_told}: {rule_told}", partial(held_by, half=rule, sds=sds), seeds=FEW)
        for sds_told, sds, rules in (
            (
                "equal sds", EQUAL,
                {
                    "as here": as_here,
                    "what spreads more leaves the pool": pool_without_those,
                    "what spreads less has its own spread, too": own_if_less_too,
                },
            ),
            (
                "one of the two has three times the sd", TRIPLED,
                {"as here": as_here, "the pool of all in any case": pool_of_all},
            ),
        )
        for rule_told, rule in rules.items()
    ],
)  # fmt: skip
