"""What a comparison of variants over seeds can and cannot show.

All variants have the same S seeds, so that differences are taken seed by seed. From two seeds on,
the seeds are the sample. One seed leaves only the test images, which say nothing of how another
seed would end. A metric is any finite number, such as an accuracy in [0, 1]; differences are in
its unit and positive where `of` has more than `to`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

CONFIDENCE = 0.95
_Floats = npt.NDArray[np.float64]
_SEEDS: Literal["t over seeds"] = "t over seeds"
_IMAGES: Literal["bootstrap over test images"] = "bootstrap over test images"
_ABOVE_ZERO = math.nextafter(0.0, 1.0)


@dataclass(frozen=True)
class Difference:
    """An estimate, its interval [low, high] and the two-sided p-value of its being 0, in [0, 1].

    The interval has `confidence`, in (0, 1), and both ends belong to it; one that excludes 0 but
    nothing beyond ends at the float next to 0. `n` counts the seeds or images that `basis` names.
    """

    estimate: float
    low: float
    high: float
    p: float
    n: int
    basis: Literal["t over seeds", "bootstrap over test images"]
    confidence: float

    @property
    def over_seeds(self) -> bool:
        """Whether seeds are the sample, rather than the test images of one."""
        return self.basis == _SEEDS

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0.0 or self.high < 0.0


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}.")
    return (1.0 - confidence) / 2.0


def _over_seeds(values: npt.ArrayLike, dimensions: int) -> _Floats:
    """Values as float64 of shape (S,) or (M, S)."""
    array = np.asarray_chkfinite(values, np.float64)
    if array.ndim != dimensions or array.shape[-1] < 2 or not array.size:
        raise ValueError(f"Expected {dimensions}-d values of S >= 2 seeds, got {array.shape}.")
    return array


def _t_tests(rows: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """Means, standard errors and two-sided p-values against 0, each (M,), of rows (M, S)."""
    means, errors = rows.mean(axis=1), rows.std(axis=1, ddof=1) / math.sqrt(rows.shape[1])
    # What rounding leaves of a spread is no spread.
    errors[np.ptp(rows, axis=1) <= 1e-12 * np.abs(rows).max(axis=1)] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(means == 0.0, 0.0, np.abs(means) / errors)
    return means, errors, 2.0 * scipy.special.stdtr(rows.shape[1] - 1, -t)


def difference(of: npt.ArrayLike, to: npt.ArrayLike, confidence: float = 0.95) -> Difference:
    """Mean of `of` - `to`, both (S,), paired by seed: t interval over seeds and paired t test.

    If all differences are equal, the interval has no width and p is 0, or 1 if they are all 0.

    Raises ValueError for fewer than two seeds, different shapes, or values that are not finite.
    """
    tail, values = _tail(confidence), _over_seeds(of, 1) - _over_seeds(to, 1)
    mean, error, p = (float(result[0]) for result in _t_tests(values[None]))
    half = -float(scipy.special.stdtrit(values.size - 1, tail)) * error
    return Difference(mean, mean - half, mean + half, p, values.size, _SEEDS, confidence)


def _counts(of: npt.ArrayLike, to: npt.ArrayLike) -> tuple[int, int, int]:
    """How many images only `of` has right, how many only `to`, and how many images there are."""
    first, second = np.asarray(of), np.asarray(to)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise ValueError(f"Expected two of shape (N,), got {first.shape} and {second.shape}.")
    if not first.dtype == second.dtype == np.bool_:
        raise ValueError(f"Expected booleans, got {first.dtype} and {second.dtype}.")
    return int(np.sum(first & ~second)), int(np.sum(second & ~first)), first.size


def mcnemar(correct_of: npt.ArrayLike, correct_to: npt.ArrayLike) -> float:
    """Exact two-sided p-value of equal accuracy on the same N images, both (N,) bool.

    A binomial test of whether, of the images that only one has right, each has half (McNemar,
    Psychometrika 12, 153, 1947); 1 if there are none.

    Raises ValueError for other types, different shapes, or no image.
    """
    only_of, only_to, _ = _counts(correct_of, correct_to)
    either = only_of + only_to
    return float(scipy.stats.binomtest(only_of, either).pvalue) if either else 1.0


def bootstrap_difference(
    correct_of: npt.ArrayLike,
    correct_to: npt.ArrayLike,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = 10_000,
) -> Difference:
    """Difference in accuracy of two trained models on the same N images, both (N,) bool.

    A percentile interval (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993) over
    draws of N images, in [-1, 1], with the p-value of `mcnemar`; near the border they can disagree.
    Both know nothing of other seeds. The fewer images only one has right, the more the interval is
    too narrow; without any it is [0, 0].

    Raises ValueError as `mcnemar` does.
    """
    tail, (only_of, only_to, images) = _tail(confidence), _counts(correct_of, correct_to)
    # All that matters of a draw is how many images of each kind are in it.
    shares = np.array([only_of, only_to, images - only_of - only_to]) / images
    drawn = np.random.default_rng(seed).multinomial(images, shares, size=resamples)
    low, high = map(float, np.quantile(drawn[:, 0] - drawn[:, 1], [tail, 1.0 - tail]) / images)
    p = mcnemar(correct_of, correct_to)
    return Difference((only_of - only_to) / images, low, high, p, images, _IMAGES, confidence)


def holm(p_values: npt.ArrayLike) -> _Floats:
    """Adjusted p-values (M,), in the given order; those <= alpha are found at family-wise alpha.

    Valid however the M tests depend on each other (Holm, Scandinavian Journal of Statistics 6, 65,
    1979).

    Raises ValueError for p-values outside [0, 1].
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not np.all((p >= 0.0) & (p <= 1.0)):
        raise ValueError("p-values must have shape (M,) and lie between 0 and 1.")
    order, adjusted = np.argsort(p), np.empty_like(p)
    steps = np.arange(p.size, 0, -1) * p[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def simultaneous(differences: npt.ArrayLike, confidence: float = 0.95) -> list[Difference]:
    """M comparisons (M, S) over S seeds that hold together, with intervals that agree with Holm.

    Holm's test runs once a direction, each at half of alpha = 1 - confidence. `p` is twice the
    smaller one-sided adjusted p-value; an interval excludes 0 exactly if p <= alpha. All M cover
    with probability >= confidence, however they depend on each other.

    The lower ends are those of Guilbaud (Biometrical Journal 50, 678, 2008) and Strassburger and
    Bretz (Statistics in Medicine 27, 4914, 2008), the upper ends their mirror image. The N
    comparisons not found above 0 have the t bounds at alpha / 2N; the others end at 0, exclusive,
    or, if all are above, at the t bound at alpha / 2M where that is higher. Proof: let T be those
    truly not above 0. With probability >= 1 - alpha / 2 all their t bounds at alpha / 2|T| hold
    (all M at alpha / 2M if T is empty). Then Holm finds none of T above 0, so N >= |T|, and the
    wider bounds at alpha / 2N hold as well; the rest truly are above 0, all that their ends claim.

    Holm's test of two-sided p-values can find more, if it finds both signs, but no finite intervals
    fit it: with one huge difference and one of 0 it errs with probability alpha on the latter and
    leaves nothing for the former's upper end. Nor is it proven to get signs right where comparisons
    depend on each other, as those to one baseline do (Shaffer, Annals of Statistics 8, 1342, 1980).

    Raises ValueError as `difference` does.
    """
    tail, rows = _tail(confidence), _over_seeds(differences, 2)
    means, errors, p = _t_tests(rows)
    ends, adjusted, seeds = [], [], rows.shape[1]
    for sign in (1.0, -1.0):
        adjusted.append(holm(np.where(sign * means > 0.0, p / 2.0, 1.0 - p / 2.0)))
        rejected = adjusted[-1] <= tail
        others = np.sum(~rejected) or rejected.size
        bounds = sign * means + scipy.special.stdtrit(seeds - 1, tail / others) * errors
        # Rounding must not make the ends disagree with the tests.
        beyond = np.maximum(bounds, _ABOVE_ZERO) if rejected.all() else _ABOVE_ZERO
        ends.append(sign * np.where(rejected, beyond, np.minimum(bounds, 0.0)))
    both = np.minimum(2.0 * np.minimum(*adjusted), 1.0)
    return [
        Difference(float(mean), float(low), float(high), float(p), seeds, _SEEDS, confidence)
        for mean, low, high, p in zip(means, *ends, both, strict=True)
    ]


def within(difference: Difference, low: float, high: float) -> bool:
    """Whether the whole interval lies between low and high, neither included; they may be infinite.

    With low = -high this is a test of equivalence, two one-sided tests (Schuirmann, Journal of
    Pharmacokinetics and Biopharmaceutics 15, 657, 1987) that err at most (1 - confidence) / 2 of
    the time; False is no evidence of a difference. low >= high raises ValueError.
    """
    if not low < high:
        raise ValueError(f"low must be less than high, got {low} and {high}.")
    return low < difference.low and difference.high < high


def _power(ratio: float, seeds: int, alpha: float) -> float:
    """Power of a paired t test of differences with `ratio` of mean to standard deviation."""
    critical, shift = -scipy.special.stdtrit(seeds - 1, alpha / 2.0), ratio * math.sqrt(seeds)
    # The lower tail by symmetry: nct.cdf can be NaN where it is tiny.
    return float(np.sum(scipy.stats.nct.sf(critical, seeds - 1, [shift, -shift])))


def smallest_detectable(
    differences: npt.ArrayLike, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The true mean difference, >= 0, that a paired t test (two-sided) finds with `power`.

    For the number and spread of `differences` (S,), not their mean (Hoenig and Heisey, The American
    Statistician 55, 19, 2001, say why); 0 without a spread. Of few seeds it is rough: the true one
    is 0.5 to 6.3 times the spread of three, 0.7 to 2.0 times that of eight (95 %).

    Raises ValueError for fewer than two seeds, or unless 0 < alpha < power < 1.
    """
    values = _over_seeds(differences, 1)
    if not 0.0 < alpha < power < 1.0:
        raise ValueError(f"Expected 0 < alpha < power < 1, got {alpha} and {power}.")
    high = 1.0
    while _power(high, values.size, alpha) < power:
        high *= 2.0
    ratio = scipy.optimize.brentq(lambda r: _power(r, values.size, alpha) - power, 0.0, high)
    return float(ratio * values.std(ddof=1))


def seeds_needed(sd: float, effect: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """The fewest seeds, >= 2, with which a paired t test (two-sided) finds `effect` with `power`.

    sd > 0 is the standard deviation of the differences over seeds and `effect` their true mean,
    other than 0, in one unit.

    Raises ValueError for other values, or unless 0 < alpha < power < 1.
    """
    if not (0.0 < sd < math.inf and 0.0 < abs(effect) < math.inf and 0.0 < alpha < power < 1.0):
        raise ValueError(f"Out of range: {sd=}, {effect=}, {power=}, {alpha=}.")
    ratio, enough = effect / sd, 2
    while _power(ratio, enough, alpha) < power:
        enough *= 2
    return bisect_left(range(enough), True, 2, key=lambda n: _power(ratio, n, alpha) >= power)


def trend(levels: npt.ArrayLike, values: npt.ArrayLike, confidence: float = 0.95) -> Difference:
    """Whether values (S, L) rise or fall with the order of L distinct levels (L,), by seed.

    The estimate is the mean over seeds of Spearman's rank correlation, in [-1, 1], 0 for a seed
    whose values are all equal; its t interval is clipped to [-1, 1] and has no width where seeds
    agree. p is twice the smaller of the two directions of Page's test with seeds as blocks (Journal
    of the American Statistical Association 58, 216, 1963), approximate if values of a seed tie.

    Raises ValueError for S < 2, L < 3, equal levels, or values that are not finite.
    """
    rows, order = _over_seeds(np.transpose(values), 2).T, _over_seeds(levels, 1)
    if not len(np.unique(order)) == len(order) == rows.shape[1] >= 3:
        raise ValueError(f"Expected L >= 3 distinct levels, got {order} for {rows.shape}.")
    rows, steps = rows[:, np.argsort(order)], np.arange(order.size)
    rho = [scipy.stats.spearmanr(steps, row).statistic if np.ptp(row) else 0.0 for row in rows]
    mean = difference(rho, np.zeros(len(rho)), confidence)
    p = 2.0 * min(scipy.stats.page_trend_test(each).pvalue for each in (rows, rows[:, ::-1]))
    return replace(mean, low=max(mean.low, -1.0), high=min(mean.high, 1.0), p=min(float(p), 1.0))
