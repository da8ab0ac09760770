"""The numbers that claims are about, against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from claims.measures import At, EpochsTo, Gap, Last, Measure, Missing, Rise, Roughness, Total

FALLING = {"train/loss": [4.0, 2.0, 1.0, 0.5]}


def test_a_curve_is_read_at_a_share_of_its_epochs_rounded_up(made_trial):
    trial = made_trial({"x": 1}, curves={"val/accuracy": [0.1, 0.2, 0.3, 0.4, 0.5]})
    values = [At(metric="val/accuracy", share=s).of(trial, ()) for s in (0.01, 0.2, 0.21, 1)]
    assert values == [0.1, 0.1, 0.2, 0.5]


def test_gap_rise_and_total(made_trial):
    curves = {"train/accuracy": [0.5, 0.9], "test/accuracy": [0.6], "loss": [3.0, 1.0, 1.5]}
    trial = made_trial({"x": 1}, curves=curves)
    assert Gap(metric="train/accuracy", less="test/accuracy").of(trial, ()) == pytest.approx(0.3)
    assert Rise(metric="loss").of(trial, ()) == 0.5
    assert Total(metric="loss").of(trial, ()) == 5.5


@pytest.mark.parametrize(
    ("level", "epochs"), [(5.0, 1), (4.0, 1), (3.0, 1.5), (2.0, 2), (0.75, 3.5), (0.1, 5)]
)
def test_epochs_to_the_loss_at_which_the_other_ends(made_trial, level, epochs):
    """On a straight line between epochs; one more than all of them where it never gets there."""
    trial = made_trial({"x": 1}, curves=FALLING)
    other = made_trial({"x": 2}, curves={"train/loss": [9.0, level]})
    assert EpochsTo(by="last").of(trial, (trial, other)) == epochs


def test_the_loss_that_all_reach_is_the_lowest_of_the_slowest(made_trial):
    trial = made_trial({"x": 1}, curves=FALLING)
    slow = made_trial({"x": 2}, curves={"train/loss": [9.0, 3.0, 6.0]})
    both = (trial, slow)
    assert [EpochsTo().of(one, both) for one in both] == [1.5, 2]


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(3, 9))
def test_a_straight_line_is_smooth_and_a_zigzag_is_not(made_trial, start, slope, length):
    line = [start + slope * e for e in range(length)]
    zigzag = [value + (-1) ** e for e, value in enumerate(line)]
    rough = Roughness(metric="loss")
    assert rough.of(made_trial({}, curves={"loss": line}), ()) == pytest.approx(0, abs=1e-9)
    assert rough.of(made_trial({}, curves={"loss": zigzag}), ()) == pytest.approx(4)


@pytest.mark.parametrize(
    "measure",
    [Last(metric="m"), At(metric="m", share=0.5), Roughness(metric="m"), EpochsTo(metric="m")],
)
def test_what_was_not_measured_is_said(made_trial, measure):
    trial = made_trial({}, curves={"other": [1.0]})
    with pytest.raises(Missing, match="m was not measured"):
        measure.of(trial, (trial,))
    with pytest.raises(Missing, match="roughness needs 3"):
        Roughness(metric="other").of(trial, ())


@pytest.mark.parametrize("measure", [At(metric="m", share=0.5), Gap(metric="a", less="b")])
def test_measures_come_back_from_json_as_they_were(measure):
    kinds = TypeAdapter(Measure)
    assert kinds.validate_json(kinds.dump_json(measure)) == measure
