"""Verdicts that are false: a plain run's, whose intervals are 96 %."""

from __future__ import annotations

from functools import partial

import numpy as np
import scipy

from benchmarks.error_rates.runs import (
    SWEEP,
    Floats,
    Networks,
    run_of_curves,
    run_of_networks,
    run_of_values,
    skewed,
)
from benchmarks.error_rates.table import FEW, Rng, Row, Table
from claims import Claim, Differs, Kind, Level, Trend, alike, beats, below, every
from claims.measures import EpochsTo, Last, Rise, Roughness
from claims.verdicts import Verdict, judge
from runs.run import Run

FIRST, SECOND = {"x": 0.0}, {"x": 1.0}
SCORE = Last(metric="val/score")
REFUTED = ("refuted", "refuted in part")
SEED_SD = 0.0035  # of an accuracy, were it tested on all images there are

APART = Differs(sweep=SWEEP, of=FIRST, to=SECOND, within=((None, 0.0), (0.0, None)))
ALIKE = alike(SWEEP, FIRST, SECOND, margin=0.02)
FOUR = every([beats(SWEEP, FIRST, {"x": float(x)}, on=SCORE) for x in range(1, 5)])
RISES = Level(sweep=SWEEP, of=FIRST, on=Rise(metric="val/loss"), within=((0.0, None),))
FASTER = below(SWEEP, FIRST, SECOND, EpochsTo())
SMOOTHER = below(SWEEP, FIRST, SECOND, Roughness(metric="train/loss"))
UP = Trend(sweep=SWEEP, over="x", rises=True, on=SCORE)

STL10 = Networks(accuracy=0.6, images=8_000)
TINY = Networks(accuracy=0.4, images=2_500)
DIGITS = Networks(accuracy=0.9, images=360)


def verdict(test: Kind, run: Run) -> Verdict:
    """On a claim that is this test."""
    return judge(Claim(id="c", says="?", test=test), [run])


def accuracies(rng: Rng, networks: Networks, variants: int, seeds: int, more: float = 0.0) -> Run:
    """A run of variants that are equally accurate, but that the first has `more`."""
    shifts = SEED_SD * rng.standard_normal((variants, seeds))
    shifts[0] += more
    return run_of_networks(networks.right(rng, shifts))


def differs(rng: Rng, seeds: int, networks: Networks, variants: int = 2) -> bool:
    """Two variants that do not differ, of several in a sweep, are said to."""
    return verdict(APART, accuracies(rng, networks, variants, seeds)).status == "supported"


def differs_by_seeds(rng: Rng, seeds: int, networks: Networks) -> bool:
    """The same by a paired t test of 95 %, which knows nothing of images: for comparison."""
    right = networks.right(rng, SEED_SD * rng.standard_normal((2, seeds)))
    gaps = right[0].mean(axis=-1) - right[1].mean(axis=-1)
    stray = abs(gaps.mean()) / (gaps.std(ddof=1) / seeds**0.5)
    return bool(stray > -scipy.special.stdtrit(seeds - 1, 0.025))


def equivalent(rng: Rng, seeds: int) -> bool:
    """Two variants that differ by the whole margin are said to be alike."""
    return verdict(ALIKE, accuracies(rng, TINY, 2, seeds, 0.02)).status == "supported"


def one_of_four(rng: Rng, seeds: int) -> bool:
    """A claim that one variant beats four, all of which are as good, is refuted."""
    run = run_of_values(rng.standard_normal((5, seeds)), SCORE.metric)
    return verdict(FOUR, run).status in REFUTED


def rises(rng: Rng, seeds: int, epochs: int) -> bool:
    """Noise around a flat loss is said to rise."""
    curves = rng.standard_normal((1, seeds, epochs))
    return verdict(RISES, run_of_curves(curves, "val/loss")).status == "supported"


def fall(height: float, rate: float, epochs: int = 15) -> Floats:
    """A loss that falls to 0 exponentially, (E,)."""
    course: Floats = height * np.exp(-rate * np.arange(epochs))
    return course


def slower(rng: Rng, seeds: int, sd: float) -> bool:
    """Of two draws of one curve the first is said not to get to a level sooner."""
    curves = fall(2.0, 0.3) + sd * rng.standard_normal((2, seeds, 15))
    return verdict(FASTER, run_of_curves(curves, "train/loss")).status == "refuted"


def smoother(rng: Rng, seeds: int, other: Floats) -> bool:
    """Of two curves with the same noise one is said to be smoother."""
    courses = np.stack([fall(20.0, 0.1), other])[:, None]
    curves = courses + rng.standard_normal((2, seeds, 15))
    status = verdict(SMOOTHER, run_of_curves(curves, "train/loss")).status
    return status in ("supported", "refuted")


HIGH_START = fall(20.0, 0.1) + 40.0 * (np.arange(15) == 0)


def hump(rng: Rng, seeds: int) -> Verdict:
    """On a rise of what rises to its fourth level and falls after it."""
    means = np.array([0.0, 2.0, 4.0, 6.0, 4.0])[:, None]
    return verdict(UP, run_of_values(means + rng.standard_normal((5, seeds)), SCORE.metric))


def rises_over_hump(rng: Rng, seeds: int) -> bool:
    """It is said to rise."""
    return hump(rng, seeds).status == "supported"


def peak_named(rng: Rng, seeds: int) -> bool:
    """It is said in part, and where the peak is."""
    said = hump(rng, seeds)
    return said.status == "refuted in part" and "x 3," in said.clause


def noisy_level(rng: Rng, seeds: int, level: int, skew: float) -> bool:
    """That five equal means rise is refuted, of which one has noise of sd 3 and skew ±2."""
    values = rng.standard_normal((5, seeds))
    values[level] = skew * 1.5 * skewed(rng, (seeds,))
    return verdict(UP, run_of_values(values, SCORE.metric)).status in REFUTED


TABLE = Table(
    "False verdicts of a plain run (one look, intervals of 96 %)",
    "% of studies",
    (
        Row(
            '"differs", 2 variants that do not: 2,500 images, accuracy 0.4',
            partial(differs, networks=TINY), 5,
        ),
        Row('the same, 8,000 images, accuracy 0.6', partial(differs, networks=STL10), 5),
        Row(
            "the same, 2 of 6 variants, 360 images, accuracy 0.9",
            partial(differs, networks=DIGITS, variants=6), 5,
        ),
        Row(
            "for comparison: a paired t test (95 %) of the first case",
            partial(differs_by_seeds, networks=TINY),
        ),
        Row(
            "for comparison: a paired t test (95 %) of the second",
            partial(differs_by_seeds, networks=STL10),
        ),
        Row('"alike" within 2 points, of what differs by 2', equivalent, 5),
        Row('"beats all four" refuted, of five that are equal', one_of_four, 5),
        Row("Rise > 0 of a flat noisy loss, 15 epochs", partial(rises, epochs=15), 5),
        Row("the same, 100 epochs", partial(rises, epochs=100), 5),
        Row("EpochsTo, two draws of one curve: refuted, sd 0.01", partial(slower, sd=0.01), 2.5),
        Row("the same, sd 0.2", partial(slower, sd=0.2), 2.5),
        Row(
            "Roughness, same noise, the other falls steeper: either is smoother",
            partial(smoother, other=fall(20.0, 1.0)), 5,
        ),
        Row(
            "the same, the other has one high first epoch",
            partial(smoother, other=HIGH_START), 5,
        ),
        Row('trend "rises" of a hump (0, 2, 4, 6, 4 sd): supported', rises_over_hump, 5),
        Row("the same: refuted in part, and the peak is named", peak_named),
        Row(
            "trend of equal means refuted; the last level has sd 3, skew 2 (against the claim)",
            partial(noisy_level, level=4, skew=2.0), 5, seeds=FEW,
        ),
        Row(
            "the same, skew -2 (for the claim)",
            partial(noisy_level, level=4, skew=-2.0), 5, seeds=FEW,
        ),
        Row(
            "the same, skew 2 in the middle level",
            partial(noisy_level, level=2, skew=2.0), 5, seeds=FEW,
        ),
    ),
)  # fmt: skip
