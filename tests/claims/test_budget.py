"""What tuning brought, by hand-made searches whose best values are plain to see."""

import json
from dataclasses import replace

import pytest

from claims.budget import MULTIPLY_ADDS, Over, tuning
from runs.ranges import Range

# Two blocks of three draws: a is ahead after one draw, b from two on.
A = [[(0.02, 0.6), (0.2, 0.5), (0.1, 0.7)], [(0.03, 0.5), (0.3, 0.6), (0.5, 0.595)]]
B = [[(0.02, 0.4), (0.2, 0.8), (0.1, 0.1)], [(0.03, 0.5), (0.3, 0.9), (0.5, 0.895)]]


def by_name(found):
    return {variant.name: one for variant, one in found.variants.items()}


def means(one):
    return [None if over is None else over.mean for over in one.best]


def test_a_run_that_tuned_nothing_has_none(made_run, made_trial):
    assert tuning(made_run([made_trial({"x": 1}, metrics={"val/accuracy": 0.5})])) is None
    assert tuning(made_run([])) is None


def test_the_best_after_every_number_of_draws_and_its_test_over_blocks(tuned_run):
    found = tuning(tuned_run({"a": A, "b": B}, gap=0.02))
    assert (found.draws, found.blocks) == (3, [0, 1])
    a = by_name(found)["x=a"]
    low, high = [0.5, 0.6, 0.6], [0.6, 0.6, 0.7]
    assert a.best == [
        Over(pytest.approx((x + y) / 2), x, y) for x, y in zip(low, high, strict=True)
    ]
    assert [one.mean for one in a.test] == pytest.approx([0.53, 0.58, 0.63])
    assert a.chosen == {"lr": [0.1, 0.3]}


def test_test_is_that_of_the_draw_which_validation_chose_and_not_the_best(tuned_run):
    run = tuned_run({"a": [[(0.1, 0.7), (0.2, 0.8)]], "b": [[(0.1, 0.7), (0.2, 0.8)]]})
    luckier = [
        replace(one, metrics={**one.metrics, "test/accuracy": 0.95})
        if one.settings.get("lr") == 0.1 else one
        for one in run.others
    ]  # fmt: skip
    one = by_name(tuning(replace(run, others=luckier)))["x=a"]
    assert [over.mean for over in one.test] == pytest.approx([0.95, 0.79])


def test_the_order_stands_from_where_no_further_draw_changed_it(tuned_run):
    found = tuning(tuned_run({"a": A, "b": B}))
    names = [[variant.name for variant in found.order(count)] for count in (1, 2, 3)]
    assert names == [["x=a", "x=b"], ["x=b", "x=a"], ["x=b", "x=a"]]
    assert found.stands_from == 2
    late = {"a": [[(0.1, 0.6), (0.2, 0.5)]], "b": [[(0.1, 0.5), (0.2, 0.7)]]}
    assert tuning(tuned_run(late)).stands_from == 2
    early = {"a": [[(0.1, 0.6), (0.2, 0.5)]], "b": [[(0.1, 0.5), (0.2, 0.4)]]}
    assert tuning(tuned_run(early)).stands_from == 1
    assert tuning(tuned_run({"a": A})).stands_from is None


def test_where_the_lowest_is_best_that_is_the_best(tuned_run):
    found = tuning(tuned_run({"a": A, "b": B}, mode="min"))
    assert means(by_name(found)["x=a"]) == pytest.approx([0.55, 0.5, 0.5])
    assert found.order(3)[0].name == "x=b"


def test_draws_within_a_point_of_the_best_of_their_block_count_and_it_too(tuned_run):
    found = by_name(tuning(tuned_run({"a": A, "b": B})))
    assert [(one.close, one.drawn) for one in found.values()] == [(3, 6), (3, 6)]
    run = tuned_run({"a": [[(0.1, 50.0), (0.2, 50.4), (0.3, 49.0)]]}, mode="min")
    renamed = [
        replace(one, metrics={"val/rmse": one.metrics["val/accuracy"]}) for one in run.others
    ]
    study = run.study.model_copy(update={"metric": "val/rmse"})
    (one,) = tuning(replace(run, study=study, others=renamed)).variants.values()
    assert (one.close, one.drawn) == (1, 3)  # 49.49 is a hundredth more than the best


def test_draws_without_a_value_are_counted_and_a_line_begins_where_every_block_has_one(tuned_run):
    lost = [[(0.1, "diverged"), (0.2, "failed"), (0.3, 0.4)], [(0.1, 0.5), (0.2, 0.6), (0.3, 0.1)]]
    found = tuning(tuned_run({"a": A, "b": lost}))
    b = by_name(found)["x=b"]
    assert (b.diverged, b.failed, b.lost, b.unfinished) == (1, 1, [], [])
    assert means(b) == [None, None, pytest.approx(0.5)]
    assert found.stands_from == 3  # before, b had no value to stand anywhere with
    assert b.epochs == 1 + 1 + 2 + 3 * 2 + 2 * 2
    assert [variant.name for variant in found.unequal] == ["x=b"]


def test_a_block_whose_draws_all_diverged_is_lost_for_one_and_left_out_for_all(tuned_run):
    dead = [[(0.1, "diverged")] * 3, B[1]]
    found = tuning(tuned_run({"a": A, "b": dead}))
    assert found.blocks == [1]
    a, b = by_name(found).values()
    assert (a.lost, b.lost) == ([], [0])
    assert b.chosen == {"lr": [None, 0.3]}
    assert means(a) == [0.5, 0.6, 0.6] and means(b) == [0.5, 0.9, 0.9]
    assert (b.close, b.drawn) == (2, 6)


def test_a_variant_that_never_found_anything_does_not_take_the_blocks_of_others(tuned_run):
    found = tuning(tuned_run({"a": A, "b": B, "c": [[(0.1, "diverged")] * 3] * 2}))
    assert found.blocks == [0, 1] and found.stands_from == 2
    c = by_name(found)["x=c"]
    assert c.lost == [0, 1] and means(c) == [None] * 3 and c.edges == []


def test_a_search_that_has_not_ended_tells_nothing_yet(tuned_run):
    waiting = [B[0], [(0.1, 0.5), (0.2, "stopped"), (0.3, "stopped")]]
    found = tuning(tuned_run({"a": A, "b": waiting}))
    assert found.blocks == [0] and by_name(found)["x=b"].unfinished == [1]
    assert (by_name(found)["x=b"].close, by_name(found)["x=b"].drawn) == (1, 3)
    run = tuned_run({"a": A, "b": B})
    begun = [one for one in run.others if one.key != "b/1/2"]
    found = tuning(replace(run, others=begun))
    assert found.blocks == [0] and by_name(found)["x=b"].unfinished == [1]


def test_one_block_is_enough(tuned_run):
    found = tuning(tuned_run({"a": A[:1], "b": B[:1]}))
    assert found.blocks == [0] and found.stands_from == 2
    assert by_name(found)["x=a"].best[0] == Over(0.6, 0.6, 0.6)


@pytest.mark.parametrize(
    ("best", "upper", "further"),
    [
        ([0.95, 0.9], True, (0.1, 10.0)),
        ([0.011, 0.2], False, (0.001, 0.1)),  # half of the blocks
        ([0.2, 0.7], None, None),
        ([0.95, 0.011], "both", None),
    ],
)
def test_a_best_value_at_an_end_in_half_of_the_blocks_is_told(tuned_run, best, upper, further):
    run = tuned_run({"a": [[(value, 0.9), (0.1, 0.5)] for value in best]})
    (one,) = tuning(run).variants.values()
    if upper == "both":
        assert [edge.upper for edge in one.edges] == [False, True]
        return
    if upper is None:
        assert one.edges == []
        return
    (edge,) = one.edges
    assert (edge.setting, edge.upper, edge.of) == ("lr", upper, 2)
    assert (edge.further.low, edge.further.high) == pytest.approx(further)


def test_one_of_three_blocks_at_an_end_is_no_edge_and_two_are(tuned_run):
    for values, told in (([0.95, 0.2, 0.2], []), ([0.95, 0.99, 0.2], [[0.95, 0.99]])):
        run = tuned_run({"a": [[(value, 0.9), (0.1, 0.5)] for value in values]})
        (one,) = tuning(run).variants.values()
        assert [edge.values for edge in one.edges] == told


def test_nothing_below_zero_is_proposed_and_a_choice_has_no_ends(tuned_run):
    ranges = {
        "lr": Range(low=0.1, high=0.5),
        "decay": Range(low=0.0, high=0.1),
        "kind": Range(choices=("p", "q")),
    }
    values = {"lr": 0.1, "decay": 0.0, "kind": "p"}
    (one,) = tuning(tuned_run({"a": [[(values, 0.9)]]}, ranges=ranges)).variants.values()
    lr, decay = one.edges
    assert (lr.setting, lr.further.low, lr.further.high) == ("lr", 0.0, pytest.approx(0.3))
    assert (decay.setting, decay.further) == ("decay", None)


def test_what_was_spent_is_that_of_draws_and_of_what_is_compared(tuned_run):
    found = tuning(tuned_run({"a": A, "b": B}, untuned={"a": [0.3, 0.3], "b": [0.3, 0.3]}))
    for one in found.variants.values():
        assert (one.trials, one.epochs, one.seconds) == (8, 16, 480.0)
        assert one.multiply_adds is None
    assert found.unequal == []


def test_multiply_additions_are_added_up_over_epochs_where_they_are_known(tuned_run):
    run = tuned_run({"a": A})
    counted = [
        replace(one, lines=[{**line, MULTIPLY_ADDS: 5.0} for line in one.lines])
        for one in run.others
    ]
    (one,) = tuning(replace(run, others=counted)).variants.values()
    assert one.multiply_adds == 6 * 2 * 5.0


def test_variants_are_told_apart_by_what_is_not_tuned(tuned_run):
    names = [variant.settings for variant in tuning(tuned_run({"a": A, "b": B})).variants]
    assert [json.dumps(dict(one)) for one in names] == ['{"x": "a"}', '{"x": "b"}']
