"""New seeds and new test images: an interval is for both, and says how much of it is of which."""

import math

import numpy as np
import pytest

from claims import Claim, Level, Trend, alike, beats
from claims.comparisons import compare
from claims.measures import Last
from claims.verdicts import judge

A, B = {"x": "a"}, {"x": "b"}
IMAGES = 2_500
LABELS = np.arange(IMAGES) % 10


@pytest.fixture
def two(made_run, made_trial):
    """two(a, b, ...): a run of two variants; of each, which images every seed has right."""

    def make(a, b, labels_of_b=LABELS, **study):
        trials = [
            made_trial(x, seed, labels=labels, predicted=np.where(right, labels, labels + 1))
            for x, rows, labels in ((A, a, LABELS), (B, b, labels_of_b))
            for seed, right in enumerate(rows)
        ]
        return made_run(trials, **study)

    return make


def right_of(more, discordant=600, both=700, seed=0):
    """Which images two networks have right, the first so many more: (2, IMAGES)."""
    only = (discordant + more) // 2
    counts = [both, only, only - more, IMAGES - both - 2 * only + more]
    kinds = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], counts, axis=0)
    return np.random.default_rng(seed).permutation(kinds).T.astype(bool)


def found(test, run):
    return judge(Claim(id="c", says="?", test=test), [run])


def test_a_few_more_images_in_every_seed_are_not_above_0(two):
    """+11, +14 and +11 images of 2,500: three seeds agree well, and other images would not."""
    a, b = np.moveaxis([right_of(more, seed=s) for s, more in enumerate((11, 14, 11))], 1, 0)
    result = found(beats("s", A, B), two(a, b))
    (finding,) = result.findings
    effect = finding.effect
    assert effect.estimate == pytest.approx(12 / IMAGES)
    assert result.status == "undecided" and effect.low < 0.0 < effect.high
    assert (effect.seeds, effect.images) == (3, IMAGES)
    # By seeds alone it would be above 0, and images are most of it.
    assert effect.from_seeds < effect.estimate < effect.from_images


def test_what_seeds_and_images_have_of_an_interval_is_there(run_of):
    rows = {"a": [0.62, 0.66, 0.63], "b": [0.60, 0.61, 0.58]}
    test = beats("s", A, B)
    both = found(test, run_of(rows, images=1_000)).findings[0].effect
    seeds = found(test, run_of(rows)).findings[0].effect
    half = (both.high - both.low) / 2
    assert both.estimate == pytest.approx(seeds.estimate)
    assert both.from_seeds == pytest.approx((seeds.high - seeds.low) / 2)
    assert math.hypot(both.from_seeds, both.from_images) == pytest.approx(half)
    assert both.from_images > 0.0 and both.images == 1_000
    assert seeds.images is None and seeds.from_images == 0.0
    # Ten times as many images, less of them.
    more = found(test, run_of(rows, images=10_000)).findings[0].effect
    assert more.from_images < 0.5 * both.from_images


def test_of_other_measures_nothing_is_known_of_other_images(run_of):
    rows = {"a": [0.62, 0.66, 0.63], "b": [0.60, 0.61, 0.58]}
    run = run_of(rows, images=1_000, on="train/accuracy")
    effect = found(beats("s", A, B, on=Last(metric="train/accuracy")), run).findings[0].effect
    assert effect.images is None and effect.from_images == 0.0
    assert effect.from_seeds == pytest.approx((effect.high - effect.low) / 2)


def test_networks_that_saw_other_test_images_are_compared_over_seeds_alone(two):
    a, b = np.moveaxis([right_of(more, seed=s) for s, more in enumerate((11, 14, 11))], 1, 0)
    alone = found(beats("s", A, B), two(a, b, labels_of_b=LABELS[::-1])).findings[0].effect
    both = found(beats("s", A, B), two(a, b)).findings[0].effect
    assert alone.images is None and alone.from_images == 0.0
    assert alone.high - alone.low < both.high - both.low


def test_networks_that_predict_the_same_are_one_and_neither_alike_nor_compared(two):
    a, _ = np.moveaxis([right_of(11, seed=s) for s in range(3)], 1, 0)
    run = two(a, a, baseline=A)
    for test in (alike("s", A, B, 0.02), beats("s", A, B)):
        result = found(test, run)
        assert result.status == "not tested" and result.command == ""
        assert "the same network" in result.findings[0].note
    compared = compare(run, run.variants)
    assert not compared.differences
    assert ["the same network" in why for why in compared.left_out.values()] == [True]


def test_networks_that_are_right_on_the_same_images_and_differ_otherwise_are_two(two):
    a, _ = np.moveaxis([right_of(11, seed=s) for s in range(3)], 1, 0)
    run = two(a, a)
    for trial in run.trials:  # the same predictions, less sure
        trial.metrics["test/loss"] = 1.0 if trial.settings == A else 1.2
    result = found(alike("s", A, B, 0.03), run)
    assert result.findings[0].effect.estimate == 0.0
    # No image turned the other way, and yet other images could.
    assert result.status == "supported" and result.findings[0].effect.from_images > 0.0


@pytest.mark.parametrize(
    "test",
    [
        beats("s", A, B),
        beats("s", B, A),
        alike("s", A, B, 0.5),
        Level(sweep="s", of=A, on=Last(metric="test/accuracy"), within=((0.1, None),)),
        Trend(sweep="s", over="x", rises=True),
    ],
)
def test_one_seed_decides_nothing_whatever_its_images_show(run_of, test):
    rows = {"a": [0.9], "b": [0.6], "c": [0.7]}
    if isinstance(test, Trend):
        rows = dict(zip((1.0, 2.0, 3.0), ([0.5], [0.7], [0.9]), strict=True))
    result = found(test, run_of(rows, images=2_000))
    assert result.status == "undecided" and result.clause.startswith("one seed: ")
    effect = result.findings[0].effect
    assert (effect.seeds, effect.images) == (1, 2_000)
    assert effect.from_seeds == 0.0 < effect.from_images


@pytest.mark.parametrize(
    "test",
    [
        beats("s", A, B, on=Last(metric="train/accuracy")),
        Level(sweep="s", of=A, on=Last(metric="train/accuracy"), within=((0.1, None),)),
    ],
)
def test_one_seed_of_what_images_do_not_tell_is_not_tested(run_of, test):
    rows = {"a": [0.9], "b": [0.6]}
    run = run_of(rows, images=2_000, on="train/accuracy", asked={"seeds": 1},
                 program="python -m studies.toy")  # fmt: skip
    result = found(test, run)
    assert result.status == "not tested" and "one seed has no spread" in result.findings[0].note
    assert result.command == "python -m studies.toy --resume toy/now --seeds 3"


def test_no_interval_ends_where_nothing_can_be(run_of):
    rows = {"a": [0.99, 0.995, 0.6], "b": [0.2, 0.6, 0.2]}
    run = run_of(rows, images=200)
    effect = found(beats("s", A, B), run).findings[0].effect
    assert effect.low < 0.0 < effect.estimate < effect.high == 1.0
    for of, end in ((A, "high"), (B, "low")):
        level = Level(sweep="s", of=of, on=Last(metric="test/accuracy"), within=((0.5, None),))
        effect = found(level, run).findings[0].effect
        assert 0.0 <= effect.low < effect.estimate < effect.high <= 1.0
        assert getattr(effect, end) in (0.0, 1.0)
