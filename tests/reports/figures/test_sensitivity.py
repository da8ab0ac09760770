"""A metric against a tuned setting: means, bands, and the value that was chosen."""

import pytest

from reports.figures.sensitivity import lines

POINTS = {
    "sgd": [(0.1, [0.5, 0.7], True), (0.01, [0.2, 0.4], False)],
    "adam": [(0.001, [0.8], True)],
}


def test_a_line_is_the_mean_over_seeds_and_the_chosen_value_is_larger():
    (axis,) = lines(POINTS, "lr", "test accuracy", "q").axes
    sgd, chosen, adam, own = axis.lines
    assert list(sgd.get_xdata()) == [0.01, 0.1]
    assert sgd.get_ydata() == pytest.approx([0.3, 0.6])
    assert [*chosen.get_xdata(), *chosen.get_ydata()] == pytest.approx([0.1, 0.6])
    assert chosen.get_markersize() > 2 * sgd.get_markersize()
    assert [*adam.get_xdata(), *own.get_xdata()] == [0.001, 0.001]
    band = axis.collections[0].get_paths()[0].vertices
    assert {round(y, 9) for y in band[:, 1]} == {0.2, 0.4, 0.5, 0.7}
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("lr", "test accuracy")


@pytest.mark.parametrize(
    "values, scale", [((1, 4), "linear"), ((1, 5), "log"), ((0, 5), "linear"), ((-1, 9), "linear")]
)
def test_x_is_logarithmic_for_positive_values_far_apart(values, scale):
    points = {"a": [(value, [0.5], False) for value in values]}
    (axis,) = lines(points, "lr", "accuracy", "q").axes
    assert axis.get_xscale() == scale


def test_without_a_metric_there_is_no_picture():
    assert lines({"a": [(1, [], False)]}, "lr", "accuracy", "q") is None
