"""How much settings decide: as Optuna has it, and with what was pruned."""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator

from claims import importance
from claims.importance import Point, importances, weights
from runs.ranges import Range

RANGES = {
    "lr": Range(low=1e-3, high=1.0, log=True),
    "momentum": Range(low=0.0, high=0.95),
    "layers": Range(low=1, high=9, whole=True),
    "width": Range(low=8, high=512, whole=True, log=True),
    "step": Range(low=0.0, high=1.0, step=0.25),
    "alpha": Range(low=1e-2, high=1e1, log=True),
}
DISTRIBUTIONS = {
    "lr": FloatDistribution(1e-3, 1.0, log=True),
    "momentum": FloatDistribution(0.0, 0.95),
    "layers": IntDistribution(1, 9),
    "width": IntDistribution(8, 512, log=True),
    "step": FloatDistribution(0.0, 1.0, step=0.25),
    "alpha": FloatDistribution(1e-2, 1e1, log=True),
    "loss": CategoricalDistribution(["a", "b", "c"]),
}


def drawn(count, seed):
    """Values of trials; only those with loss b have an alpha."""
    random, found = np.random.default_rng(seed), []
    for at in range(count):
        values = {name: one.at(random.random()) for name, one in RANGES.items()}
        values["loss"] = "abc"[at % 3]
        if values["loss"] != "b":
            del values["alpha"]
        found.append(values)
    return found


def points(values, scores):
    """scores: the higher the better."""
    order = sorted({*scores}, reverse=True)
    return [
        Point(own, {n: r for n, r in RANGES.items() if n in own}, order.index(score))
        for own, score in zip(values, scores, strict=True)
    ]


@pytest.mark.parametrize(("count", "digits"), [(12, 9), (40, 9), (40, 1), (101, 2)])
def test_it_comes_to_what_optuna_comes_to(count, digits):
    values = drawn(count, count)
    scores = [
        round(-abs(np.log10(v["lr"]) + 1.5) + (v["loss"] == "b") * v.get("alpha", 0) / 9, digits)
        for v in values
    ]
    study = optuna.create_study(direction="maximize")
    for own, score in zip(values, scores, strict=True):
        kinds = {name: DISTRIBUTIONS[name] for name in own}
        study.add_trial(optuna.create_trial(params=own, distributions=kinds, value=score))
    theirs = PedAnovaImportanceEvaluator(target_quantile=importance.TOP).evaluate(study)
    ours = importances(points(values, scores), [*DISTRIBUTIONS])
    assert ours == pytest.approx({name: theirs[name] for name in DISTRIBUTIONS}, rel=1e-6)


def test_a_setting_that_decides_stands_out_and_the_others_do_not():
    values = drawn(60, 1)
    told = weights(points(values, [-abs(np.log10(v["lr"]) + 1.5) for v in values]), [*DISTRIBUTIONS])
    assert [*told][0] == "lr" and told["lr"].stands_out
    assert sum(one.stands_out for one in told.values()) <= 2  # one in ten does by chance
    assert all(one.low <= one.median <= one.high for one in told.values())
    assert told["alpha"].trials == 20 and told["lr"].trials == 60


def test_the_same_trials_have_the_same_weights():
    made = points(drawn(15, 2), range(15))
    assert weights(made, ["lr", "loss"]) == weights(made, ["lr", "loss"])


def test_settings_of_pure_noise_seldom_stand_out():
    random, names = np.random.default_rng(3), ["lr", "momentum", "loss"]
    told = [weights(points(drawn(20, s), random.random(20)), names) for s in range(8)]
    assert sum(one.stands_out for own in told for one in own.values()) <= 6  # of 24


def test_what_makes_trials_end_early_decides_though_all_that_finished_have_it_alike():
    values = drawn(30, 4)
    scores = [float(own["lr"] < 0.03) + own["momentum"] / 100 for own in values]
    names = ["lr", "momentum", "loss"]
    every = weights(points(values, scores), names)["lr"]
    left = [(own, score) for own, score in zip(values, scores, strict=True) if score >= 1]
    finished = weights(points(*zip(*left, strict=True)), names)["lr"]
    assert every.stands_out and not finished.stands_out and every.median > finished.median


def test_of_few_trials_or_equal_ones_nothing_is_told():
    assert weights(points(drawn(9, 5), range(9)), ["lr"]) == {}
    assert weights(points(drawn(20, 5), [1.0] * 20), ["lr"]) == {}


def test_a_setting_that_all_have_alike_is_left_out():
    values = [{**own, "loss": "a"} for own in drawn(20, 6)]
    assert [*weights(points(values, range(20)), ["loss", "lr"])] == ["lr"]
