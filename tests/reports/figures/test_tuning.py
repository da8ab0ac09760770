"""The best of so many draws, and every draw against what was drawn: what stands in the pictures."""

import pytest

from reports.figures import sensitivity, tuning
from reports.reading import reading
from runs.ranges import Range

DRAWN = {
    "a": [[(0.02, 0.6), (0.2, 0.5), (0.1, 0.7)], [(0.03, 0.5), (0.3, 0.6), (0.5, 0.595)]],
    "b": [[(0.02, 0.4), (0.2, 0.8), (0.1, 0.1)], [(0.03, "diverged"), (0.3, 0.9), (0.5, 0.895)]],
}


@pytest.fixture
def read(tuned_run):
    return reading(tuned_run(DRAWN))


def test_validation_is_solid_with_a_band_and_its_test_dashed(read):
    (axis,) = tuning.draw(read, "s").axes
    a, a_test, b, b_test = axis.lines
    assert list(a.get_xdata()) == [1, 2, 3]
    assert list(a.get_ydata()) == pytest.approx([55, 60, 65])
    assert list(a_test.get_ydata()) == pytest.approx([54, 59, 64])
    assert (a.get_linestyle(), a_test.get_linestyle()) == ("-", "--")
    assert list(b.get_xdata()) == [2, 3]  # one block has no value after one draw
    assert (b.get_color(), b.get_marker()) == (b_test.get_color(), b_test.get_marker())
    assert (a.get_color(), a.get_marker()) != (b.get_color(), b.get_marker())
    band = axis.collections[0].get_paths()[0].vertices
    assert {round(y, 6) for y in band[:, 1]} == {50, 60, 70}
    assert [int(tick) for tick in axis.get_xticks()] == [1, 2, 3]


def test_one_draw_has_no_picture_and_one_block_does(tuned_run):
    assert tuning.draw(reading(tuned_run({"a": [[(0.1, 0.5)]]})), "s") is None
    figure = tuning.draw(reading(tuned_run({x: own[:1] for x, own in DRAWN.items()})), "s")
    assert "over one block" in figure.axes[0].get_title()


def test_where_all_draws_died_there_is_no_picture(tuned_run):
    dead = reading(tuned_run({"a": [[(0.1, "diverged")] * 2], "b": [[(0.1, "failed")] * 2]}))
    assert tuning.draw(dead, "s") is None and sensitivity.draw(dead, "s") is None


def test_every_draw_is_a_point_the_best_ringed_and_what_has_no_value_a_cross(read):
    (axis,) = sensitivity.draw(read, "s").axes
    points = {line.get_marker(): [] for line in axis.lines}
    for line in axis.lines:
        points[line.get_marker()] += zip(line.get_xdata(), line.get_ydata(), strict=True)
    first, second = (line.get_marker() for line in (axis.lines[0], axis.lines[2]))
    assert sorted(points[first])[0] == (0.02, 60) and len(points[first]) == 6
    assert len(points[second]) == 5 and points["x"] == [(0.03, 0.0)]
    ringed = [line for line in axis.lines if line.get_markeredgecolor() == "black"]
    assert [sorted(line.get_xdata()) for line in ringed] == [[0.1, 0.3], [0.2, 0.3]]
    assert axis.get_xscale() == "log" and axis.get_ylabel() == "validation accuracy, %"
    left, right = axis.get_xlim()
    assert left < 0.01 and right > 1.0  # all that could be drawn is in sight


def test_every_numeric_setting_has_a_panel_and_a_choice_none(tuned_run):
    ranges = {
        "lr": Range(low=0.01, high=1.0, log=True),
        "momentum": Range(low=0.0, high=0.99),
        "kind": Range(choices=("p", "q")),
    }
    values = [{"lr": 0.1, "momentum": 0.5, "kind": "p"}, {"lr": 0.2, "momentum": 0.9, "kind": "q"}]
    drawn = {x: [list(zip(values, (0.5, 0.6), strict=True))] for x in "ab"}
    axes = sensitivity.draw(reading(tuned_run(drawn, ranges=ranges)), "s").axes
    assert [(axis.get_xlabel(), axis.get_xscale()) for axis in axes] == [
        ("lr", "log"), ("momentum", "linear")
    ]  # fmt: skip
    only = {"kind": ranges["kind"]}
    chosen = {"a": [[({"kind": "p"}, 0.5), ({"kind": "q"}, 0.6)]]}
    assert sensitivity.draw(reading(tuned_run(chosen, ranges=only)), "s") is None
