"""History, importance and slices of a search: what stands in the pictures."""

import pytest

from reports.figures import search_history, search_importance, search_slices
from reports.reading import reading

TRIED = [
    ({"x": "a", "lr": 0.1}, [0.1, 0.2, 0.3, 0.4]),
    ({"x": "b", "lr": 0.01, "beta": 0.5}, [0.2, 0.3, 0.4, 0.6]),
    ({"x": "b", "lr": 0.02, "beta": 0.1}, [0.05]),
    ({"x": "b", "lr": 0.03, "beta": 0.2}, [0.05, 0.1, 0.15]),
    ({"x": "a", "lr": 0.5}, "diverged"),
    ({"x": "a", "lr": 0.6}, "stopped"),
]
FIGURES = (search_history, search_importance, search_slices)


def points(axis, marker):
    return [
        (float(x), float(y))
        for line in axis.lines
        if line.get_marker() == marker
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


@pytest.fixture
def read(searched_run):
    return reading(searched_run(TRIED))


def test_history_has_every_trial_by_how_it_ended_and_the_best_so_far(read):
    figure = search_history.draw(read, "")
    (axis,) = figure.axes
    assert points(axis, "o") == [(1, 40), (2, 60)]
    assert points(axis, "v") == [(3, 5)] and points(axis, "s") == [(4, 15)]
    assert points(axis, "x") == [(5, 0)]
    (best,) = [line for line in axis.lines if line.get_marker() == "None"]
    assert list(best.get_ydata()) == [40, 60, 60, 60, 60, 60]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["finished", "pruned after 1 epoch", "pruned after 3 epochs", "best so far",
                      "diverged or failed"]  # fmt: skip


def test_slices_have_a_panel_for_what_differs_with_pruned_ones_hollow_and_the_best_ringed(read):
    x, lr, beta = search_slices.draw(read, "").axes
    assert [axis.get_xlabel() for axis in (x, lr, beta)] == ["x", "lr", "beta (3 trials)"]
    assert lr.get_xscale() == "log" and beta.get_xscale() == "linear"
    filled = {line.get_xdata()[0] for line in lr.lines
              if line.get_marker() == "o" and line.get_markerfacecolor() != "none"}  # fmt: skip
    hollow = {line.get_xdata()[0] for line in lr.lines
              if line.get_markerfacecolor() == "none" and line.get_markersize() < 8}  # fmt: skip
    ringed = [line.get_xdata()[0] for line in lr.lines if line.get_markersize() > 8]
    assert filled == {0.1, 0.01} and hollow == {0.02, 0.03} and ringed == [0.01]
    assert points(lr, "x") == [(0.5, 0)]
    assert [text.get_text() for text in x.get_xticklabels()] == ["a", "b"]
    assert {round(place) for place, _ in points(x, "o")} == {0, 1}


def test_importance_has_a_bar_a_setting_within_its_interval(searched_run):
    tried = [
        ({"x": "ab"[at % 2], "lr": 0.001 * (at + 1)}, [0.1, 0.9 - abs(at - 5) / 40])
        for at in range(20)
    ]
    read = reading(searched_run(tried))
    (axis,) = search_importance.draw(read, "").axes
    told = read.search.importance
    assert [text.get_text() for text in axis.get_yticklabels()] == [*told]
    assert [bar.get_width() for bar in axis.patches] == [100 * one.median for one in told.values()]
    ends = [tuple(line.get_xdata()) for line in axis.lines]
    assert ends == [(100 * one.low, 100 * one.high) for one in told.values()]


def test_where_nothing_was_measured_or_searched_there_is_no_picture(searched_run, tuned_run):
    for run in (searched_run([TRIED[4]] * 2), searched_run([], asked=3),
                tuned_run({"a": [[(0.1, 0.5)]]})):  # fmt: skip
        assert [figure.draw(reading(run), "") for figure in FIGURES] == [None] * 3


def test_a_single_trial_has_a_history_and_no_slices(searched_run):
    read = reading(searched_run(TRIED[:1]))
    assert search_history.draw(read, "") is not None and search_slices.draw(read, "") is None
