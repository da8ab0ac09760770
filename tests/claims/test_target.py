"""When variants reach what the baseline ends at: one level for all, and never is never."""

import math

import pytest

from claims.target import target


@pytest.fixture
def found(made_run, made_trial):
    """found({x: the curve of each seed}, ...): of a run whose first x is the baseline."""

    def make(curves, metric="val/accuracy", costs=(), mode="max", **ends):
        trials = []
        for x, seeds in curves.items():
            for seed, values in enumerate(seeds):
                more = {name: [each] * len(values) for name, each in costs}
                how = {"status": ends[f"{x}{seed}"]} if f"{x}{seed}" in ends else {}
                trials.append(made_trial({"x": x}, seed, curves={metric: values, **more}, **how))
        run = made_run(trials, metric=metric, mode=mode)
        reached = target(run, run.variants, run.variants[0])
        return reached, {} if reached is None else {v.name: r for v, r in reached.reached.items()}

    return make


def test_the_level_is_the_median_of_the_baseline_s_last_values(found):
    given = {"a": [[0.9, 0.5], [0.1, 0.6], [0.1, 0.9]], "b": [[0.7, 0.1]] * 3}
    told, reached = found(given)
    assert (told.level, told.baseline.name) == (0.6, "x=a")
    assert (reached["x=b"].epochs, reached["x=b"].never, reached["x=b"].seeds) == (1.0, 0, 3)
    assert (reached["x=a"].epochs, reached["x=a"].never) == (2.0, 0)  # 1, 2 and 2 epochs


def test_what_it_costs_is_added_up_to_the_first_epoch_that_has_it(found):
    costs = [("train/steps", 10.0), ("time/train_seconds", 1.5)]
    told, reached = found({"a": [[0.2, 0.5]], "b": [[0.1, 0.4, 0.6, 0.7]]}, costs=costs)
    assert told.costs == ["steps", "seconds"]
    assert reached["x=b"].costs == {"steps": 30.0, "seconds": 4.5}
    told, reached = found({"a": [[0.2, 0.5]], "b": [[0.1, 0.6]]})
    assert told.costs == [] and reached["x=b"].costs == {}


def test_never_is_counted_and_later_than_any_number_of_epochs(found):
    curves = {"a": [[0.5, 0.6]] * 3, "b": [[0.6, 0.1], [0.1, 0.2], [0.7, 0.1]],
              "c": [[0.1, 0.2], [0.1, 0.2], [0.7, 0.8]]}  # fmt: skip
    _, reached = found(curves, costs=[("train/steps", 10.0)])
    assert (reached["x=b"].never, reached["x=b"].epochs) == (1, 1.0)
    assert (reached["x=c"].never, reached["x=c"].epochs) == (2, math.inf)
    assert reached["x=c"].costs == {"steps": math.inf}


def test_a_trial_that_diverged_never_gets_there_whatever_it_had_before(found):
    _, reached = found({"a": [[0.5, 0.6]] * 2, "b": [[0.9, 0.9], [0.9, 0.9]]}, b1="failed")
    assert (reached["x=b"].never, reached["x=b"].seeds) == (1, 2)


def test_of_a_loss_the_level_is_reached_from_above(found):
    curves = {"a": [[2.0, 1.0]], "b": [[3.0, 2.0, 0.5]]}
    told, reached = found(curves, metric="val/loss", mode="min")
    assert told.level == 1.0 and reached["x=b"].epochs == 3.0


def test_where_there_is_one_epoch_or_variant_or_no_curve_it_says_nothing(
    found, made_run, made_trial
):
    assert found({"a": [[0.5]], "b": [[0.6]]})[0] is None
    assert found({"a": [[0.5, 0.6]]})[0] is None
    ends = [made_trial({"x": x}, metrics={"val/accuracy": 0.5}) for x in "ab"]
    run = made_run(ends)
    assert target(run, run.variants, run.variants[0]) is None
