"""A study's sweeps and ranges as one space."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import UsageError
from runs.ranges import Range
from service.search.optimizer import Optimizer
from service.search.space import Space
from service.sweeps import HELD
from tests.service.search.simulated import Distribution, Integer, Toy, grid, study

LR = Distribution(1e-3, 1, log=True)
EVERYTHING = {
    "loss": {"loss": grid("plain", "triplet")},
    "margin": [
        {"loss": "triplet", "mining": "all", "margin": grid(0.2, 0.3)},
        {"loss": "triplet", "mining": "hard", "margin": Distribution(0.1, 0.9), "lr": HELD},
    ],
    "width": {"width": Integer(4, 64)},
}


def drawn(space, seed):
    numbers = random.Random(seed)
    return space.choose(lambda name, values: values.at(numbers.random()))


@given(st.integers(0, 10**6))
def test_whatever_is_chosen_is_chosen_where_it_applies(seed):
    of = study(sweeps=EVERYTHING, tuned={"lr": LR, "margin": Distribution(0.1, 0.5)})
    chosen = drawn(Space(of), seed)
    assert isinstance(chosen.settings, Toy)
    assert all(chosen.settings.applies(name) for name in chosen.tuned)
    ranges = [
        own
        for s, own in of.tunable(chosen.sweep)
        if without(s, own) == without(chosen.settings, own)
    ]
    assert dict(chosen.tuned) in ranges
    for name, one in chosen.tuned.items():
        assert one.has(getattr(chosen.settings, name))


def without(settings, ranges):
    return {name: v for name, v in settings.canonical().items() if name not in ranges}


def test_the_same_choices_lead_to_the_same_point_and_each_name_has_one_range():
    space, ranges = Space(study(sweeps=EVERYTHING, tuned={"lr": LR})), {}
    for seed in range(200):
        chosen = drawn(space, seed)

        def again(name, values, chosen=chosen):
            assert ranges.setdefault(name, values) == values
            return chosen.params[name]

        assert space.choose(again) == chosen
    assert {name for name, _, _ in space.parameters} == ranges.keys()


def test_parameters_have_the_names_of_settings_and_say_where_they_differ():
    named = [name for name, _, _ in Space(study(sweeps=EVERYTHING, tuned={"lr": LR})).parameters]
    assert named == [
        "sweep", "loss", "lr", "mining", "margin (margin: all)", "margin (margin: hard)", "width",
    ]  # fmt: skip
    optimizers = [
        {"loss": "plain", "width": 1, "lr": Distribution(1e-4, 1e-2, log=True)},
        {"loss": "triplet", "width": 2, "lr": Distribution(1e-2, 1, log=True)},
    ]
    named = [name for name, _, _ in Space(study(sweeps={"o": optimizers}, tuned={})).parameters]
    assert named == ["loss, width", "lr (plain, 1)", "lr (triplet, 2)"]


def test_a_range_that_others_depend_on_is_drawn_before_them():
    both = {"margin": Distribution(0.1, 0.5), "loss": Choice("plain", "triplet")}
    of = study(settings=Toy(loss="triplet"), sweeps={"width": {"width": grid(4, 8)}}, tuned=both)
    space = Space(of)
    seen = {(drawn(space, s).settings.loss, "margin" in drawn(space, s).tuned) for s in range(30)}
    assert seen == {("plain", False), ("triplet", True)}
    assert [where for name, _, where in space.parameters if name == "margin"] == ["width, for some"]


class Choice:
    def __init__(self, *categories):
        self.categories = categories
        self.get_sampler = self.sample = lambda: None


def test_a_space_without_choices_is_refused():
    with pytest.raises(UsageError, match="nothing to choose: study toy declares no ranges"):
        Space(study(sweeps={"loss": {"loss": "plain"}}, tuned={}))
    fixed = study().overridden({"lr": [0.1], "loss": ["plain"]}, ["loss"])
    with pytest.raises(UsageError, match="nothing to choose"):
        Space(fixed, ["loss"])


def test_selected_sweeps_alone_are_searched():
    space = Space(study(), ["margin"])
    assert [name for name, _, _ in space.parameters] == ["margin", "lr"]
    assert {drawn(space, seed).sweep for seed in range(9)} == {"margin"}


@pytest.mark.parametrize(
    "values",
    [
        Range(low=0, high=1),
        Range(low=1e-4, high=10, log=True),
        Range(low=0.1, high=0.9, step=0.2),
        Range(low=1, high=64, whole=True, log=True),
        Range(low=4, high=20, whole=True, step=4),
        Range(low=3, high=20, whole=True, step=5),
        Range(choices=("a", "b", "c")),
    ],
    ids=lambda one: one.says,
)
def test_optuna_suggests_what_a_range_allows(values):
    class One:
        def choose(self, choose):
            suggested.append(choose("x", values))

    suggested = []
    optimizer = Optimizer(One(), "toy", "max")
    for number in range(15):
        optimizer.ask()
        optimizer.tell(number, "finished", {1: float(number % 4)})
    for one in map(values.fitted, suggested):
        assert values.has(one)
        if values.step:
            steps = one / values.step
            assert one in (values.low, values.high) or steps == pytest.approx(round(steps))
