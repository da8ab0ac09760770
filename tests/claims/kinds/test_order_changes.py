"""An order that changes from one data set to another, and one that never does."""

import pytest

from claims import Claim, OrderChanges
from claims.measures import Last
from claims.verdicts import judge

A, B = {"x": "a"}, {"x": "b"}
TEST = OrderChanges(sweep="s", of=A, to=B)
FAR = {"a": [0.80, 0.82, 0.79, 0.81], "b": [0.7, 0.71, 0.7, 0.705]}
REVERSED = {"a": FAR["b"], "b": FAR["a"]}
UNSURE = {"a": [0.80, 0.66, 0.79, 0.71], "b": [0.7, 0.71, 0.7, 0.705]}
ALONE = {"a": [0.5]}
OTHER = "python -m studies.toy --dataset digits --only s --seeds 3"


@pytest.fixture
def judged(run_of):
    """judged([(data set, rows), ...]): the verdict on runs on these."""

    def make(given, test=TEST, **more):
        runs = [
            run_of(rows, dataset=name, held={"dataset": name}, settings={"dataset": name},
                   program="python -m studies.toy", asked={"values": {"dataset": [name]}}, **more)
            for name, rows in given
        ]  # fmt: skip
        return judge(Claim(id="c", says="?", test=test), runs)

    return make


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([("one", FAR), ("two", REVERSED)], "supported"),
        ([("one", REVERSED), ("two", FAR)], "supported"),
        ([("one", FAR), ("two", FAR)], "refuted"),  # better on both
        ([("one", REVERSED), ("two", REVERSED)], "refuted in part"),  # worse on both
        ([("one", FAR), ("two", UNSURE)], "undecided"),
        ([("one", UNSURE), ("two", UNSURE)], "undecided"),
        ([("one", FAR), ("one", REVERSED), ("two", FAR)], "supported"),
        ([("one", FAR), ("one", FAR), ("two", UNSURE)], "undecided"),
        ([("one", FAR), ("two", UNSURE), ("three", REVERSED)], "supported"),
    ],
)
def test_an_order_changes_where_intervals_of_two_data_sets_lie_apart(judged, given, status):
    result = judged(given)
    assert result.status == status and len(result.findings) == len(given)
    assert result.command == ""
    for finding, (name, _) in zip(result.findings, given, strict=True):
        assert finding.says == f"test/accuracy: x=a less x=b on {name}"


@pytest.mark.parametrize(
    ("given", "command", "why"),
    [
        ([("one", FAR)], OTHER, "only one was looked at"),
        ([("one", FAR), ("one", REVERSED)], OTHER, "only one was looked at"),
        ([("one", FAR), ("two", ALONE)], "python -m studies.toy --dataset two", "no x=b"),
    ],
)
def test_without_two_data_sets_it_is_not_tested(judged, given, command, why):
    result = judged(given)
    assert result.status == "not tested" and why in result.decisive.note
    assert result.command.startswith(command)


def test_worse_on_all_of_them_is_not_better_in_general_and_says_so(judged):
    result = judged([("one", REVERSED), ("two", REVERSED)])
    assert result.clause == "worse on all of them"
    assert judged([("one", FAR), ("two", FAR)]).clause == ""


@pytest.mark.parametrize(
    ("metric", "mode", "smaller", "larger"),
    [
        ("val/loss", "min", "refuted", "refuted in part"),
        ("val/loss", "max", "refuted in part", "refuted"),
        # Of a loss such a study does not say which is better: that no order changes is all.
        ("val/accuracy", "max", "refuted", "refuted"),
        ("val/accuracy", "min", "refuted", "refuted"),
    ],
)
def test_which_is_worse_is_for_the_study_to_say(judged, metric, mode, smaller, larger):
    test = OrderChanges(sweep="s", of=A, to=B, on=Last(metric="test/loss"))
    for rows, status in ((REVERSED, smaller), (FAR, larger)):
        both = [("one", rows), ("two", rows)]
        assert judged(both, test, on="test/loss", metric=metric, mode=mode).status == status


def test_data_sets_share_what_a_look_may_err_with(judged):
    """Each could show by chance what the other does not."""
    alone = 1 - judged([("one", FAR)]).findings[0].effect.confidence
    for count in (2, 3):
        given = [(str(name), FAR) for name in range(count)]
        shares = [1 - one.effect.confidence for one in judged(given).findings]
        assert shares == pytest.approx([alone / count] * count)


def test_a_death_on_either_side_leaves_an_order_open(judged):
    """Expected, it must be the same order with the dead at chance."""
    some = {"a": [0.80, 0.82, 0.79, "diverged"], "b": [0.70, 0.71, 0.70, 0.71]}
    given = [("one", some), ("two", REVERSED)]
    assert judged(given, images=2_000).status == "undecided"
    turned = judged(given, images=2_000, may_diverge="a")
    assert turned.status == "undecided"
    assert turned.clause == "it turns on whether networks that died count"
    dead = {"a": [0.80, 0.82, 0.79, 0.80], "b": ["diverged"] * 4}
    given = [("one", dead), ("two", REVERSED)]
    assert judged(given, images=2_000, may_diverge="b").status == "supported"


def test_an_order_that_only_deaths_turn_is_none(judged):
    """Better on each where it trains, worse with the dead at chance: no order to compare."""
    often = {"a": [0.90 + i / 1000 for i in range(4)] + ["diverged"] * 16,
             "b": [0.80 + i / 900 for i in range(20)]}  # fmt: skip
    result = judged([("one", often), ("two", REVERSED)], images=2_000, may_diverge="a")
    assert result.status == "undecided"
    assert result.findings[0].effect.low > 0.0 and result.findings[0].status == "undecided"
