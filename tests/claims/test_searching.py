"""What a search came to: known answers, and searches that are cut, unlucky or hardly begun."""

import numpy as np
import pytest

from claims import budget, searching
from claims.searching import found
from runs.ranges import Range
from runs.rungs import ETA, first_rung

A, B = {"x": "a", "lr": 0.1}, {"x": "b", "lr": 0.01, "beta": 0.5}
TRIED = [
    ({"x": "a", "lr": 0.1}, [0.1, 0.2, 0.3, 0.4]),
    ({"x": "a", "lr": 0.5}, "diverged"),
    ({"x": "b", "lr": 0.01, "beta": 0.5}, [0.2, 0.3, 0.4, 0.6]),
    ({"x": "b", "lr": 0.02, "beta": 0.1}, [0.05]),
    ({"x": "a", "lr": 0.3}, "failed"),
    ({"x": "a", "lr": 0.05}, [0.1, 0.2, 0.2, 0.5]),
]


def test_history_best_and_fresh_seeds(searched_run):
    told = found(searched_run(TRIED, fresh=[0.5, 0.56]))
    assert [one.outcome for one in told.tried] == [
        "finished", "diverged", "finished", "pruned", "failed", "finished"
    ]  # fmt: skip
    assert [one.value for one in told.tried] == [0.4, None, 0.6, 0.05, None, 0.5]
    assert [one.best for one in told.tried] == [0.4, 0.4, 0.6, 0.6, 0.6, 0.6]
    assert told.best.trial.key == "t2" and told.settings == {"x": "b", "lr": 0.01, "beta": 0.5}
    assert told.fresh("val/accuracy") == [0.5, 0.56]
    assert told.fresh("test/accuracy") == pytest.approx([0.48, 0.54])
    assert told.ended and told.prunes and (told.asked, told.seeds, told.before) == (6, 2, False)


def test_where_less_is_better_the_least_is_best_and_the_line_falls(searched_run):
    told = found(searched_run(TRIED, mode="min"))
    assert told.best.value == 0.4
    assert [one.best for one in told.tried] == [0.4] * 6


def test_of_equals_the_first_is_best(searched_run):
    told = found(searched_run([(A, [0.1, 0.5]), (B, [0.2, 0.5])]))
    assert told.best.trial.key == "t0"


def test_what_each_outcome_took(searched_run):
    spent = found(searched_run(TRIED, fresh=[0.5, 0.56])).spent
    assert {name: (one.trials, one.epochs) for name, one in spent.items()} == {
        "finished": (3, 12), "pruned": (1, 1), "diverged": (1, 1), "failed": (1, 1), "again": (2, 8)
    }  # fmt: skip


def test_domains_are_ranges_or_what_was_tried(searched_run):
    domains = found(searched_run(TRIED)).domains
    assert domains["lr"] == Range(low=0.001, high=1.0, log=True)
    assert domains["x"] == ["a", "b"] and domains["beta"].high == 1.0


def test_rank_correlation_is_of_finished_trials_at_each_rung(searched_run):
    ends = [0.1, 0.2, 0.3, 0.4, 0.5]
    tried = [({"x": "a", "lr": 0.1 + 0.1 * at}, [-end, *[end] * 8]) for at, end in enumerate(ends)]
    tried.append((A, [0.9]))  # pruned: not in it
    told = found(searched_run(tried)).agreements
    assert [(one.epochs, one.trials) for one in told] == [(1, 5), (3, 5)]
    assert [one.correlation for one in told] == pytest.approx([-1.0, 1.0])


def test_of_fewer_than_four_or_equal_ones_there_is_no_correlation(searched_run):
    three = [({"x": "a", "lr": 0.1 * at}, [0.1 * at] * 2) for at in (1, 2, 3)]
    assert [one.correlation for one in found(searched_run(three)).agreements] == [None]
    equal = [({"x": "a", "lr": 0.1 * at}, [0.5, 0.1 * at]) for at in range(1, 6)]
    assert [one.correlation for one in found(searched_run(equal)).agreements] == [None]


@pytest.mark.parametrize("epochs", [2, 9, 27, 60])
def test_rungs_are_those_where_trials_are_stopped(searched_run, epochs):
    told = found(searched_run([(A, [0.5] * epochs)])).agreements
    first = first_rung(epochs)
    assert [one.epochs for one in told] == [
        rung for rung in (first, first * ETA, first * ETA**2, first * ETA**3) if rung < epochs
    ]


def test_all_pruned_but_one(searched_run):
    told = found(
        searched_run([(A, [0.1, 0.2]), *[({"x": "b", "lr": 0.2}, [0.9])] * 3], fresh=[0.2])
    )
    assert told.best.trial.key == "t0" and told.best.value == 0.2
    assert [one.best for one in told.tried] == [0.2] * 4


def test_nothing_finished(searched_run):
    told = found(searched_run([(A, "diverged"), (B, "failed")]))
    assert told.best is None and told.settings == {} and told.ended
    assert told.again == [] and told.agreements == [] and told.importance == {}


def test_a_cut_search_has_not_ended(searched_run):
    told = found(searched_run([(A, [0.1, 0.2]), (B, "stopped")], asked=5))
    assert not told.ended and told.best.value == 0.2 and told.ranked == 1
    assert found(searched_run([], asked=5)).tried == []


def test_fresh_seeds_of_earlier_settings_are_not_those_of_the_best(searched_run):
    run = searched_run(TRIED[:2], fresh=[0.3])
    more = searched_run(TRIED)
    told = found(type(run)(run.path, more.study, run.trials, None, more.others))
    assert told.before and told.again == [] and told.spent["again"].trials == 1


def test_pruned_ones_rank_behind_finished_ones_by_how_far_they_came(searched_run):
    tried = [
        ({"x": "a", "lr": 0.1}, [0.9]),
        ({"x": "a", "lr": 0.2}, [0.1, 0.1, 0.1]),
        ({"x": "a", "lr": 0.3}, [0.1] * 4),
        ({"x": "a", "lr": 0.4}, "diverged"),
        ({"x": "a", "lr": 0.5}, [0.95]),
    ]
    told = found(searched_run(tried))
    places = [point.place for point in searching._points(told.tried, "max")]
    assert places == [3, 1, 0, 4, 2]


def test_importance_is_told_of_ten_trials_that_ended(searched_run):
    random = np.random.default_rng(0)
    tried = [
        ({"x": "ab"[at % 2], "lr": float(random.uniform(0.001, 1))}, [0.1, at / 20])
        for at in range(10)
    ]
    told = found(searched_run(tried))
    assert told.ranked == 10 and {*told.importance} == {"x", "lr"}
    assert found(searched_run([*tried[:9], (A, "failed")])).importance == {}


def test_a_search_is_no_tuning_and_tuning_no_search(searched_run, tuned_run):
    assert budget.tuning(searched_run(TRIED, fresh=[0.5])) is None
    assert found(tuned_run({"a": [[(0.1, 0.5)]]})) is None
