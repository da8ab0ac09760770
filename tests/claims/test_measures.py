"""The numbers that claims are about, against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from claims.measures import (
    ACCURACY,
    At,
    EpochsTo,
    Gap,
    Last,
    Measure,
    Rise,
    Roughness,
    Total,
)
from claims.needs import Missing
from runs.errors import UsageError

FALLING = {"train/loss": [4.0, 2.0, 1.0, 0.5]}
ALONE = ()
KINDS = TypeAdapter(Measure)
ONE_METRIC = [
    Last(metric="m"),
    At(metric="m", share=0.5),
    Rise(metric="m"),
    Total(metric="m"),
    Roughness(metric="m"),
    EpochsTo(metric="m", level=1.0),
]
heights = st.floats(-50, 50)
rates = st.floats(0, 1)


def number(made_trial, measure, values):
    return measure.of(made_trial({}, curves={measure.metric: values}), ALONE)


def test_a_curve_is_read_at_a_share_of_its_epochs_rounded_up(made_trial):
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    read = [number(made_trial, At(metric="a", share=s), values) for s in (0.01, 0.2, 0.21, 1)]
    assert read == [0.1, 0.1, 0.2, 0.5]


def test_last_gap_and_total(made_trial):
    curves = {"train/accuracy": [0.5, 0.9], "test/accuracy": [0.6], "loss": [3.0, 1.0, 1.5]}
    trial = made_trial({"x": 1}, curves=curves)
    assert Last(metric="loss").of(trial, ALONE) == 1.5
    gap = Gap(metric="train/accuracy", less="test/accuracy")
    assert gap.of(trial, ALONE) == pytest.approx(0.3)
    assert gap.metrics == ("train/accuracy", "test/accuracy")
    assert Total(metric="loss").of(trial, ALONE) == 5.5


def test_a_rise_is_found_with_every_other_epoch_and_measured_with_those_that_follow(made_trial):
    """The 1 is low for itself: what counts are the 5 after it, and the 3 after that."""
    values = [9, 8, 1, 5, 3, 6, 7, 8]
    expected = ((8 - 5) + (7 - 3)) / 2
    assert number(made_trial, Rise(metric="m"), values) == expected
    assert number(made_trial, Rise(metric="m"), [-100, *values]) == expected  # no pair's
    assert number(made_trial, Rise(metric="m"), [9, 8, 7, 7, 5, 4]) == 0


def test_of_many_epochs_a_rise_is_one_of_quarters(made_trial):
    values = [*range(15, 7, -1), *[0] * 10, *range(1, 9), *[9, 11] * 4]
    assert number(made_trial, Rise(metric="m"), values) == 10


@given(st.lists(st.integers(0, 9), min_size=6, max_size=40), st.integers(-50, 50))
def test_what_falls_has_no_rise_and_height_has_no_part_in_it(made_trial, steps, height):
    rise = Rise(metric="m")
    assert number(made_trial, rise, height - np.cumsum(steps)) <= 0
    raised = number(made_trial, rise, height + np.array(steps))
    assert raised == pytest.approx(number(made_trial, rise, steps))


@given(heights, heights, heights, st.lists(rates, max_size=3), st.integers(8, 60))
def test_smooth_falls_have_no_roughness_however_steep(made_trial, first, at, slope, falls, epochs):
    time = np.arange(epochs)
    curve = at + slope * time / epochs + sum(50 * np.exp(-rate * time) for rate in falls)
    curve[0] += first
    rough = number(made_trial, Roughness(metric="m"), curve)
    assert rough <= 1e-9 + 0.003 * 50 * len(falls)


@given(st.integers(0, 1000), heights, st.integers(8, 30))
def test_roughness_is_that_of_the_noise_and_in_its_unit(made_trial, seed, first, epochs):
    noise = np.random.default_rng(seed).standard_normal(epochs)
    rough = Roughness(metric="m")
    of_noise = number(made_trial, rough, noise)
    time = np.arange(epochs)
    on_a_curve = 3 * noise + 5 * np.exp(-time / 3) - 0.1 * time + 2
    on_a_curve[0] = first
    assert number(made_trial, rough, on_a_curve) == pytest.approx(3 * of_noise)


def test_roughness_is_the_spread_around_a_fit_by_least_squares(made_trial):
    """Eight epochs: seven count, two falls and a line are fitted, three degrees are left."""
    values = np.array([9.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    time = np.arange(1, 8)
    fit = np.stack([np.ones(7), time, np.exp(-time), np.exp(-time / 3)], 1)
    squares = np.linalg.lstsq(fit, values[1:], rcond=None)[1]
    expected = np.sqrt(squares[0] / 3)
    assert number(made_trial, Roughness(metric="m"), values) == pytest.approx(expected)
    assert 1 < expected < 1.6  # a zigzag by 1 to either side


@pytest.mark.parametrize(("measure", "epochs"), [(Rise, 6), (Roughness, 8)])
def test_too_few_epochs_are_not_enough(made_trial, measure, epochs):
    number(made_trial, measure(metric="m"), [1.0] * epochs)
    with pytest.raises(Missing, match=rf"m has {epochs - 1} epochs, and .* needs {epochs}") as why:
        number(made_trial, measure(metric="m"), [1.0] * (epochs - 1))
    assert why.value.needs.free == {"epochs"}


@pytest.mark.parametrize(
    ("level", "epochs"), [(5.0, 1), (4.0, 1), (3.0, 1.5), (2.0, 2), (0.75, 3.5), (0.1, 5)]
)
def test_epochs_to_a_level(made_trial, level, epochs):
    """On a straight line between epochs; one more than all of them where it never gets there."""
    trial = made_trial({"x": 1}, curves=FALLING)
    assert EpochsTo(level=level).of(trial, ALONE) == epochs


def test_all_seeds_have_the_level_of_the_median_seed(made_trial):
    ends = {0: 3.0, 1: 2.0, 2: 0.1}
    own = [made_trial({"x": 1}, s, curves=FALLING) for s in ends]
    to = [made_trial({"x": 2}, s, curves={"train/loss": [9.0, e]}) for s, e in ends.items()]
    rivals = [*own, *to]
    assert [EpochsTo().of(one, rivals) for one in own] == [2, 2, 2]
    assert [EpochsTo().of(one, rivals) for one in to] == [3, 2, pytest.approx(1 + 7 / 8.9)]
    assert EpochsTo().caveat([*own, *to], rivals) == "1 of 6 never get there."
    assert EpochsTo().caveat(own, rivals) == ""


def test_the_level_is_where_the_slowest_variant_ends(made_trial):
    """The median of the slowest is 2; its worst seed's 3 counts as little as any other's."""
    slow = [
        made_trial({"x": 1}, s, curves={"train/loss": [9.0, e]}) for s, e in enumerate((1, 2, 3))
    ]
    fast = [made_trial({"x": 2}, s, curves=FALLING) for s in range(3)]
    rivals = [*fast, *slow]
    assert [EpochsTo().of(one, rivals) for one in fast] == [2, 2, 2]
    assert [EpochsTo().of(one, rivals) for one in slow] == [1.875, 2, 3]


@pytest.mark.parametrize("measure", [*ONE_METRIC, EpochsTo(metric="m")])
def test_what_was_not_measured_is_said(made_trial, measure):
    trial = made_trial({}, curves={"other": [1.0]})
    assert measure.metrics == ("m",)
    with pytest.raises(Missing, match="m was not measured"):
        measure.of(trial, (trial,))


def test_only_curves_of_test_are_asked_for(made_trial):
    for metric, asked in (("test_curve/loss", True), ("val/loss", False)):
        with pytest.raises(Missing) as why:
            Rise(metric=metric).of(made_trial({}), ALONE)
        assert why.value.needs.test_curves is asked


@pytest.mark.parametrize("measure", ONE_METRIC)
def test_alternatives_are_the_same_measure_of_other_metrics(measure):
    several = measure.model_copy(update={"alternatives": ("a", "b")})
    assert several.others() == [measure.model_copy(update={"metric": name}) for name in "ab"]
    assert measure.others() == Gap(metric="a", less="b").others() == []
    assert several.says == measure.says
    assert KINDS.validate_json(KINDS.dump_json(several)) == several


def test_an_alternative_is_another_metric():
    with pytest.raises(UsageError, match="name one twice: a, b, a"):
        Last(metric="a", alternatives=("b", "a"))


def test_a_rise_and_roughness_are_told_in_the_unit_of_their_metric():
    for measure in (Rise, Roughness, Last):
        told = measure(metric="val/accuracy")
        assert (told.unit, told.scale) == ("points", 100)
    assert EpochsTo(metric="val/accuracy").unit == "epochs"
    assert EpochsTo(metric="val/accuracy").scale == 1


@pytest.mark.parametrize("measure", [*ONE_METRIC, Gap(metric="a", less="b"), EpochsTo()])
def test_measures_come_back_from_json_as_they_were(measure):
    assert KINDS.validate_json(KINDS.dump_json(measure)) == measure


def test_what_older_runs_recorded_is_read_and_written_as_it_was():
    assert ACCURACY.model_dump() == {"kind": "last", "metric": "test/accuracy"}
    older = {"kind": "epochs_to", "metric": "train/loss", "by": "slowest"}
    assert KINDS.validate_python(older) == EpochsTo()
