"""Networks that died are an outcome: counted, told, and never silently left out."""

import numpy as np
import pytest
import scipy.stats

from claims import Claim, Differs, Level, alike, beats, below
from claims.deaths import Deaths, at_chance, dead
from claims.looks import alpha_of
from claims.measures import EpochsTo, Last
from claims.verdicts import judge

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}
GOOD = [0.80, 0.82, 0.81, 0.79, 0.80, 0.83, 0.81, 0.80, 0.82, 0.80, 0.81, 0.79]
POOR = [0.30, 0.33, 0.31, 0.29, 0.32, 0.30, 0.31, 0.33, 0.30, 0.31, 0.29, 0.30]
ONE_DIED = ["at chance", *GOOD[1:]]
DEAD = ["diverged", "at chance", "diverged"]


def two_classes(large, recalls, images=2_000):
    """Labels and predictions: the first class has a share, each is found so often."""
    first = round(large * images)
    labels = (np.arange(images) >= first).astype(int)
    right = np.concatenate(
        [np.arange(n) < round(recall * n)
         for n, recall in zip((first, images - first), recalls, strict=True)]
    )  # fmt: skip
    return {"labels": labels, "predicted": np.where(right, labels, 1 - labels)}


@pytest.mark.parametrize(
    ("images", "died"),
    [
        (two_classes(0.5, (1.0, 0.0)), True),  # one class for all
        (two_classes(0.9, (1.0, 0.0)), True),  # the larger one: 90 % right
        (two_classes(0.9, (0.0, 1.0)), True),
        (two_classes(0.5, (0.5, 0.5)), True),  # a coin
        (two_classes(0.5, (0.51, 0.51)), True),  # p = 0.19
        (two_classes(0.5, (0.53, 0.53)), False),  # p = 0.004
        (two_classes(0.5, (0.1, 0.1)), True),  # worse than a coin
        (two_classes(0.9, (0.9, 0.9)), False),  # 90 % right, and both classes found
        (two_classes(0.9, (0.9, 0.1)), True),  # named as often, whatever is seen
        (two_classes(0.5, (0.9, 0.9)), False),
        ({}, False),  # of which nothing is known
    ],
)
def test_a_network_is_at_chance_if_it_is_no_more_often_right_than_without_looking(
    made_trial, images, died
):
    assert at_chance(made_trial(A, **images)) == dead(made_trial(A, **images)) == died


def test_what_diverged_died_and_what_failed_or_was_stopped_did_not(made_trial):
    one_class = two_classes(0.5, (1.0, 0.0))
    assert dead(made_trial(A, status="failed"))
    assert not dead(made_trial(A, status="failed", diverged=False))
    assert not dead(made_trial(A, status="stopped", diverged=False, **one_class))


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.1, 0.4)])
def test_what_looks_at_nothing_hardly_ever_passes_for_trained(made_trial, shares):
    random, classes, alive = np.random.default_rng(0), len(shares), 0
    for _ in range(500):
        labels, predicted = random.choice(classes, (2, 400), p=shares)
        alive += not at_chance(made_trial(A, labels=labels, predicted=predicted))
    assert alive <= 14  # 1 % of 500, and four standard errors


def test_how_many_may_die_of_those_of_which_none_did():
    assert Deaths("a", 0, 3, True).at_most == pytest.approx(1 - 0.05 ** (1 / 3))  # 63 %
    assert Deaths("a", 3, 3, True).at_most == 1.0


def test_what_is_supported_says_that_it_needs_a_network_that_trains(verdict):
    result = verdict(beats("s", A, B), {"a": GOOD[:3], "b": POOR[:3]}, images=1_000)
    assert result.status == "supported"
    note = "Only if x=a trains: 0 of 3 seeds died, and up to 63 % of all may."
    assert result.findings[0].note == note
    # The same said of the other one, and the other thing said.
    lower = below("s", B, A, on=Last(metric="test/accuracy"))
    below_it = verdict(lower, {"a": GOOD[:3], "b": POOR[:3]}, images=1_000)
    assert below_it.status == "supported" and below_it.findings[0].note == note
    refuted = verdict(beats("s", B, A), {"a": GOOD[:3], "b": POOR[:3]}, images=1_000)
    assert refuted.status == "refuted" and refuted.findings[0].note == ""


def test_a_death_that_nobody_expected_on_the_favoured_side_leaves_it_open(verdict):
    rows = {"a": ONE_DIED, "b": POOR}
    result = verdict(beats("s", A, B), rows, images=1_000)
    assert (result.status, result.clause) == ("undecided", "1 of 12 seeds of x=a died")
    assert "Died: 1 of 12 seeds of x=a." in result.findings[0].note
    expected = verdict(beats("s", A, B), rows, images=1_000, may_diverge="a")
    assert expected.status == "supported"
    assert "Only if x=a trains: 1 of 12 seeds died" in expected.findings[0].note
    # The other side's is no reason, and the claim the other way round is refuted.
    assert verdict(
        beats("s", A, B), {"a": GOOD, "b": ["diverged", *POOR[1:]]}, images=1_000
    ).status == ("supported")
    assert verdict(beats("s", B, A), rows, images=1_000).status == "refuted"


@pytest.mark.parametrize(
    ("test", "open_if_died"),
    [
        (beats("s", A, B), "a"),
        (below("s", B, A, on=Last(metric="test/accuracy")), "a"),  # which speaks for a, too
        (Differs(sweep="s", of=A, to=B, within=((0.1, 0.9),)), "ab"),
        (Differs(sweep="s", of=A, to=B, within=((None, -0.1), (0.1, None))), "ab"),
        (alike("s", A, B, 0.9), "ab"),
    ],
)
def test_which_side_a_claim_speaks_for(verdict, test, open_if_died):
    for x in "ab":
        rows = {"a": GOOD, "b": POOR}
        rows[x] = ["at chance", *rows[x][1:]]
        result = verdict(test, rows, images=1_000)
        assert result.status == ("undecided" if x in open_if_died else "supported")


def test_what_is_better_only_where_it_trains_is_not_better(verdict):
    """It must hold with dead networks at chance as well as over the seeds where both trained."""
    rows = {"a": [*DEAD, *GOOD[3:]], "b": [0.7 - value / 10 for value in POOR]}
    result = verdict(beats("s", A, B), rows, images=1_000, may_diverge="a")
    assert result.status == "undecided" and "whether networks that died count" in result.clause
    effect = result.findings[0].effect
    assert effect.seeds == 9 and effect.low > 0.0  # what is shown is where both trained
    assert [(one.dead, one.of) for one in result.findings[0].deaths] == [(3, 12), (0, 12)]


def test_seeds_where_both_trained_and_all_seeds_with_the_dead_at_chance(verdict, run_of):
    """Whatever else the sweep has: its spread says nothing of what died."""
    rows = {"a": ["at chance", *GOOD[1:4]], "b": POOR[:4], "c": GOOD[4:8], "d": POOR[4:8]}
    effect = verdict(beats("s", A, B), rows, may_diverge="a", images=1_000).findings[0].effect
    alpha = alpha_of(run_of(rows, images=1_000).study, "s")
    alone = scipy.stats.ttest_rel(GOOD[1:4], POOR[1:4]).confidence_interval(1 - alpha)
    assert effect.estimate == pytest.approx(np.mean(GOOD[1:4]) - np.mean(POOR[1:4]))
    assert effect.from_seeds == pytest.approx((alone.high - alone.low) / 2)


@pytest.mark.parametrize("lost", [0, 4])
def test_a_variant_of_which_a_network_died_tells_nothing_of_the_others_spread(verdict, lost):
    """Nor where it died in a seed in which they are not compared."""
    rows = {"a": [*GOOD[:4], "failed"], "b": POOR[:5], "c": GOOD[5:10]}
    rows["c"][lost] = "diverged"
    of_three = verdict(beats("s", A, B), rows).findings[0].effect
    of_two = verdict(beats("s", A, B), {x: rows[x] for x in "ab"}).findings[0].effect
    assert of_three.from_seeds == pytest.approx(of_two.from_seeds) and of_three.spread.df == 3


@pytest.mark.parametrize("ends", [["diverged"] * 3, ["at chance"] * 3, DEAD])
def test_an_opponent_all_of_whose_networks_died_has_what_chance_has(verdict, ends):
    result = verdict(beats("s", A, B), {"a": GOOD[:3], "b": ends}, images=1_000)
    assert result.status == "supported"
    assert result.findings[0].effect.estimate == pytest.approx(np.mean(GOOD[:3]) - 0.1)
    assert "Died: 3 of 3 seeds of x=b." in result.findings[0].note
    assert verdict(beats("s", B, A), {"a": GOOD[:3], "b": ends}, images=1_000).status == "refuted"
    assert verdict(alike("s", A, B, 0.9), {"a": GOOD[:3], "b": ends}, images=1_000).status == (
        "undecided"
    )


@pytest.mark.parametrize("lost", [1, 4])
def test_where_chance_is_not_known_what_died_has_no_accuracy(verdict, lost):
    rows = {"a": GOOD[:4], "b": [*["diverged"] * lost, *POOR[lost:4]]}
    result = verdict(beats("s", A, B), rows)
    assert result.status == "undecided" and result.command == ""
    assert result.clause == "networks died, which test/accuracy does not count"
    assert (result.findings[0].effect is None) == (lost == 4)


def test_what_is_better_in_the_one_seed_that_trained_is_judged_with_the_dead(verdict):
    """One seed that trained of three is no sample of those that train."""
    rows = {"a": [0.9, "diverged", "diverged"], "b": [0.6, 0.61, 0.62]}
    result = verdict(beats("s", A, B), rows, images=2_000, may_diverge="a")
    effect = result.findings[0].effect
    assert result.status == "undecided" and effect.seeds == 3
    assert effect.estimate == pytest.approx((0.9 + 0.1 + 0.1) / 3 - 0.61)


@pytest.mark.parametrize("test", [beats("s", A, B), alike("s", A, B, 0.02),
                                  Level(sweep="s", of=A, on=Last(metric="val/loss"),
                                        within=((None, 1.0),))])  # fmt: skip
def test_networks_that_learnt_nothing_are_no_test_of_anything(verdict, test):
    """Two that name one class have 0 points between them, and are alike in nothing."""
    result = verdict(test, {"a": DEAD, "b": ["at chance"] * 3}, images=1_000)
    assert result.status == "not tested" and result.learnt_nothing and result.command == ""
    assert result.findings[0].note == "these networks learnt nothing."
    assert not verdict(test, {"a": GOOD[:3], "b": DEAD}, images=1_000).learnt_nothing


def test_what_failed_beside_the_dead_can_still_be_tried_again(verdict):
    rows = {"a": ["diverged", "failed", "at chance"], "b": DEAD}
    result = verdict(beats("s", A, B), rows, images=1_000, asked={"seeds": 3},
                     program="python -m studies.toy")  # fmt: skip
    assert result.learnt_nothing and result.command.endswith("--retry-failed toy/now")


@pytest.fixture
def by_loss(made_run, made_trial):
    """by_loss(test, a, b): on a claim about loss curves by seed; None for one that diverged."""

    def of(test, **rows):
        trials = [
            made_trial({"x": x}, seed, curves={} if curve is None else {"train/loss": curve},
                       status="failed" if curve is None else "finished")
            for x, curves in rows.items() for seed, curve in enumerate(curves)
        ]  # fmt: skip
        return judge(Claim(id="c", says="?", test=test), [made_run(trials)])

    return of


FAST = [[4.0, 2.0, 1.0, 0.5], [4.0, 1.9, 1.0, 0.5], [4.0, 2.1, 0.9, 0.5], [4.0, 2.0, 0.9, 0.4]]
SLOW = [[4.0, 3.0, 2.2, 1.9], [4.0, 3.1, 2.3, 1.8], [4.0, 2.9, 2.2, 1.9], [4.0, 3.0, 2.1, 1.8]]


def test_a_network_that_died_never_gets_to_a_level(by_loss):
    faster = below("s", A, B, EpochsTo(level=2.0))
    assert by_loss(faster, a=FAST, b=SLOW).status == "supported"
    never = by_loss(faster, a=FAST, b=[None] * 4)
    assert never.status == "supported"
    reached = [2.0, 1 + 2 / 2.1, 2.0 + 0.1 / 1.2, 2.0]
    assert never.findings[0].effect.estimate == pytest.approx(np.mean(reached) - 5.0)
    assert by_loss(faster, a=[None, *FAST[1:]], b=SLOW).status == "undecided"
    assert by_loss(below("s", B, A, EpochsTo(level=2.0)), a=FAST, b=[None] * 4).status == "refuted"


def test_of_other_measures_a_network_that_died_leaves_everything_open(by_loss):
    lower = below("s", A, B, Last(metric="train/loss"))
    assert by_loss(lower, a=FAST, b=SLOW).status == "supported"
    for rows in ({"a": [None, *FAST[1:]], "b": SLOW}, {"a": FAST, "b": [None, *SLOW[1:]]}):
        result = by_loss(lower, **rows)
        assert result.status == "undecided"
        assert result.clause == "networks died, which train/loss does not count"
    never = by_loss(lower, a=FAST, b=[None] * 4)
    assert (never.status, never.clause) == ("undecided", result.clause)
