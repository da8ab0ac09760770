"""Intervals that cover, and tests that err as often as they say, by simulation."""

import itertools
import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats

from claims import statistics
from claims.statistics import Difference

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STUDIES = 2000


def _over_seeds(low: float, high: float, confidence: float = 0.95) -> Difference:
    return Difference((low + high) / 2, low, high, 0.5, 3, "t over seeds", confidence)


def _correct(both: int, only_of: int, only_to: int, neither: int) -> tuple[Bools, Bools]:
    """Which images two models have right, from how many of each kind there are."""
    counts = [both, only_of, only_to, neither]
    of, to = np.array([[True, True, False, False], [True, False, True, False]])
    return np.repeat(of, counts), np.repeat(to, counts)


def _sharing_a_baseline(seed: int, effects: list[float], seeds: int, studies: int) -> Floats:
    """Differences (studies, M, S) of variants to one baseline, each with its own normal noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(studies, len(effects) + 1, seeds))
    return np.array(effects)[:, None] + noise[:, 1:] - noise[:, :1]


def test_a_difference_is_that_of_a_written_out_paired_t_test() -> None:
    result = statistics.difference([0.5, 0.7, 0.9], [0.4, 0.5, 0.6])
    # Mean 0.2, standard deviation 0.1, t = 0.2 / (0.1 / sqrt 3) at 2 degrees of freedom.
    assert result.estimate == pytest.approx(0.2)
    assert result.low == pytest.approx(0.2 - 4.302653 * 0.1 / math.sqrt(3))
    assert result.high == pytest.approx(0.2 + 4.302653 * 0.1 / math.sqrt(3))
    assert result.p == pytest.approx(1 - math.sqrt(12 / 14))
    assert (result.n, result.basis, result.confidence) == (3, "t over seeds", 0.95)
    assert not result.excludes_zero
    of, to = np.random.default_rng(1).normal([[1.5], [0]], 1, (2, 6))
    narrower, expected = statistics.difference(of, to, 0.8), scipy.stats.ttest_rel(of, to)
    assert narrower.p == pytest.approx(expected.pvalue)
    assert (narrower.low, narrower.high) == pytest.approx(expected.confidence_interval(0.8))


def test_equal_differences_have_an_interval_without_width() -> None:
    for of, to, p in (([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], 0.0), ([0.3, 0.4], [0.3, 0.4], 1.0)):
        result = statistics.difference(of, to)
        assert result.estimate == result.low == result.high == pytest.approx(of[0] - to[0])
        assert result.p == p and result.excludes_zero == (p == 0.0)


@pytest.mark.parametrize("seeds", [3, 8])
def test_the_interval_over_seeds_covers(seeds: int) -> None:
    drawn = np.random.default_rng(seeds).normal(0.6, 0.02, (STUDIES, 2, seeds))
    drawn[:, 0] += 0.01
    result = [statistics.difference(of, to) for of, to in drawn]
    assert 0.93 < np.mean([f.low <= 0.01 <= f.high for f in result]) < 0.97


@pytest.mark.parametrize(("only_of", "only_to"), [(0, 1), (5, 1), (4, 4), (0, 9), (7, 3)])
def test_mcnemar_counts_the_ways_to_share_the_discordant_images(only_of: int, only_to: int) -> None:
    result = statistics.mcnemar(*_correct(20, only_of, only_to, 5))
    n = only_of + only_to
    shares = [sum(ways) for ways in itertools.product((0, 1), repeat=n)]
    as_far = [abs(2 * share - n) >= abs(only_of - only_to) for share in shares]
    assert result == pytest.approx(np.mean(as_far))


def test_the_bootstrap_resamples_images() -> None:
    of, to = _correct(300, 60, 30, 10)
    result = statistics.bootstrap_difference(of, to, 0.9)
    assert result.estimate == pytest.approx(0.075) and result.p == statistics.mcnemar(of, to)
    assert (result.n, result.basis, result.confidence) == (400, "bootstrap over test images", 0.9)
    picked = np.random.default_rng(3).integers(0, 400, (4000, 400))
    means = of[picked].mean(axis=1) - to[picked].mean(axis=1)
    assert (result.low, result.high) == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=0.004)
    assert result == statistics.bootstrap_difference(of, to, 0.9)
    assert result != statistics.bootstrap_difference(of, to, 0.9, resamples=10)
    one, other = (statistics.bootstrap_difference(of, to, seed=s, resamples=10) for s in (0, 1))
    assert one != other


def test_models_that_are_right_on_the_same_images_do_not_differ() -> None:
    result = statistics.bootstrap_difference(*_correct(7, 0, 0, 2))
    assert (result.estimate, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)
    assert not result.excludes_zero


def test_the_bootstrap_covers_on_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "mcnemar", lambda of, to: 1.0)  # slow, no part of the interval
    rng = np.random.default_rng(5)
    # How hard an image is makes both models right or wrong together: correlation 0.8.
    hard, own = rng.normal(size=(1, STUDIES, 800)), rng.normal(size=(2, STUDIES, 800))
    of, to = (np.sqrt(0.8) * hard + np.sqrt(0.2) * own) < np.array([1.0, 0.8])[:, None, None]
    true = scipy.stats.norm.cdf(1.0) - scipy.stats.norm.cdf(0.8)
    result = [
        statistics.bootstrap_difference(a, b, seed=seed, resamples=500)
        for seed, (a, b) in enumerate(zip(of, to, strict=True))
    ]
    assert 0.93 < np.mean([f.low <= true <= f.high for f in result]) < 0.97


def test_holm_by_a_written_out_example_and_by_its_steps() -> None:
    # In order 0.005 * 4, 0.01 * 3, 0.03 * 2 and, never below the one before, 0.04 * 1.
    adjusted = statistics.holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    rng = np.random.default_rng(7)
    for _ in range(200):
        p, alpha = rng.random(6) ** 3, float(rng.choice([0.01, 0.05, 0.3]))
        left = list(range(6))
        while left and min(p[left]) <= alpha / len(left):
            left.remove(min(left, key=lambda i: p[i]))
        assert np.flatnonzero(statistics.holm(p) > alpha).tolist() == left


@pytest.mark.parametrize("real", [0, 2])
def test_holm_errs_on_any_of_five_nulls_in_at_most_five_percent(real: int) -> None:
    drawn = np.random.default_rng(real).normal(size=(8000, 5 + real, 5))
    drawn[:, 5:] += 20.0
    p = scipy.stats.ttest_1samp(drawn, 0.0, axis=2).pvalue
    errors = np.mean([min(statistics.holm(row)[:5]) <= 0.05 for row in p])
    assert 0.0425 < errors < 0.0575  # 1 - 0.99^5 = 0.049, +- 3 standard errors


def test_one_comparison_is_a_difference() -> None:
    for values in ([0.1, 0.2, 0.4], [-0.1, -0.11, -0.12], [0.0, 0.0, 0.0], [0.2, 0.2, 0.2]):
        (result,) = statistics.simultaneous([values], 0.9)
        alone = statistics.difference(values, [0.0] * 3, 0.9)
        assert vars(result) == pytest.approx(vars(alone))
        assert result.excludes_zero == alone.excludes_zero


def test_ends_of_simultaneous_intervals() -> None:
    spread = np.array([-0.1, 0.0, 0.1])
    half = {n: scipy.stats.t.isf(0.025 / n, 2) * 0.1 / math.sqrt(3) for n in (1, 2, 3)}
    result = statistics.simultaneous([3.0 + spread, 0.1 + spread, -2.0 + spread])
    # Of three one is found above 0, which leaves two, and one below 0, which leaves two.
    assert [f.low for f in result] == pytest.approx([0.0, 0.1 - half[2], -2.0 - half[2]])
    assert [f.high for f in result] == pytest.approx([3.0 + half[2], 0.1 + half[2], 0.0])
    assert [f.excludes_zero for f in result] == [True, False, True]
    assert result[0].low > 0.0 > result[2].high
    above = statistics.simultaneous([3.0 + spread, 0.3 + spread, 2.0 + spread])
    # All are above 0, the second by a step that only Holm's last one allows.
    assert 0.3 - half[2] < 0.0 < 0.3 - half[1]
    assert above[1].p == pytest.approx(scipy.stats.ttest_1samp(0.3 + spread, 0.0).pvalue)
    assert [f.low for f in above] == pytest.approx([3.0 - half[3], 0.0, 2.0 - half[3]])
    assert above[1].excludes_zero
    assert [f.high for f in above] == pytest.approx([m + half[3] for m in (3.0, 0.3, 2.0)])


EFFECTS = ([0.0] * 4, [50.0, 0.0, 0.0], [3.0, -3.0, 0.0, 0.0], [2.0, 1.0, -1.0], [4.0, 5.0, 6.0])


@pytest.mark.parametrize("effects", EFFECTS, ids=str)
def test_simultaneous_intervals_cover_and_never_disagree_with_holm(effects: list[float]) -> None:
    drawn = _sharing_a_baseline(11, effects, 4, 1000)
    one_sided = [
        scipy.stats.ttest_1samp(drawn, 0.0, axis=2, alternative=side).pvalue
        for side in ("greater", "less")
    ]
    covered = 0
    for study, above, below in zip(drawn, *one_sided, strict=True):
        result = statistics.simultaneous(study)
        excluded = np.array([f.excludes_zero for f in result])
        up, down = statistics.holm(above) <= 0.025, statistics.holm(below) <= 0.025
        assert [f.low > 0.0 for f in result] == up.tolist()
        assert [f.high < 0.0 for f in result] == down.tolist()
        assert [f.p <= 1 - f.confidence for f in result] == excluded.tolist()
        assert max(f.p for f in result) <= 1.0
        two_sided = statistics.holm(2 * np.minimum(above, below)) <= 0.05
        signs = np.sign(study.mean(axis=1))[two_sided]
        if len(set(signs)) <= 1:
            assert excluded.tolist() == two_sided.tolist()
        assert not np.any(excluded & ~two_sided)
        covered += all(f.low <= e <= f.high for f, e in zip(result, effects, strict=True))
    assert covered / 1000 >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 1000)


def test_simultaneous_intervals_are_no_wider_than_they_must_be() -> None:
    drawn = np.random.default_rng(13).normal([[50.0], [0.0]], 1.0, (STUDIES, 2, 4))
    result = [statistics.simultaneous(study, 0.8) for study in drawn]
    covered = np.mean([a.low <= 50 <= a.high and b.low <= 0 <= b.high for a, b in result])
    # Below the null 10 %, above it and above the huge one 5 % each.
    assert covered == pytest.approx((1 - 0.15) * (1 - 0.05), abs=0.027)


def test_equivalence_asks_the_whole_interval() -> None:
    assert statistics.within(_over_seeds(-0.01, 0.02), -0.021, 0.021)
    assert not statistics.within(_over_seeds(-0.01, 0.02), -0.02, 0.02)  # ends do not belong to it
    assert not statistics.within(_over_seeds(-0.01, 0.02), -0.019, 0.019)
    assert not statistics.within(_over_seeds(-0.02, 0.01), -0.019, 0.019)
    assert statistics.within(_over_seeds(0.06, 0.2), 0.05, math.inf)
    assert not statistics.within(_over_seeds(0.04, 0.2), 0.05, math.inf)


@pytest.mark.parametrize("true", [0.02, -0.02])
def test_equivalence_errs_in_at_most_five_percent(true: float, margin: float = 0.02) -> None:
    drawn = np.random.default_rng(17).normal(true, 0.01, (STUDIES, 8))
    nothing = np.zeros(8)
    result = [statistics.difference(values, nothing, 0.9) for values in drawn]
    errors = np.mean([statistics.within(f, -margin, margin) for f in result])
    assert errors == pytest.approx(0.05, abs=0.015)


NAN, NONE = [0.1, math.nan], np.zeros(0, bool)
WRONG = {
    "one seed": lambda: statistics.difference([1.0], [0.0]),
    "unpaired": lambda: statistics.difference([1.0, 2.0], [0.0, 1.0, 2.0]),
    "broadcast": lambda: statistics.difference([1.0, 2.0], 0.0),
    "nan": lambda: statistics.difference(NAN, [0.1, 0.2]),
    "confidence": lambda: statistics.difference([1.0, 2.0], [0.0, 1.0], 95),
    "confidence 1": lambda: statistics.bootstrap_difference([True], [True], 1.0),
    "no image": lambda: statistics.mcnemar(NONE, NONE),
    "other images": lambda: statistics.mcnemar([True, False], [True]),
    "matrix": lambda: statistics.mcnemar([[True]], [[True]]),
    "labels": lambda: statistics.bootstrap_difference([1, 0], [1, 1]),
    "p above 1": lambda: statistics.holm([0.1, 1.1]),
    "p nan": lambda: statistics.holm(NAN),
    "p matrix": lambda: statistics.holm([[0.1]]),
    "one row": lambda: statistics.simultaneous([0.1, 0.2]),
    "one seed each": lambda: statistics.simultaneous([[0.1], [0.2]]),
    "no comparison": lambda: statistics.simultaneous(np.zeros((0, 3))),
    "infinite": lambda: statistics.simultaneous([[0.1, math.inf]]),
    "margin": lambda: statistics.within(_over_seeds(0, 0), 0.0, 0.0),
    "margin nan": lambda: statistics.within(_over_seeds(0, 0), math.nan, math.nan),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_errors(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()


def test_the_import_does_not_wait_for_scipy() -> None:
    code = "import sys, claims.statistics; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
