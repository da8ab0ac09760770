"""Which setting matters most: order, ranges, and labels that can be read."""

import itertools
import math

import pytest

from reports.figures.factors import strips
from reports.figures.saving import svg

GIVEN = {
    "kernel": {"linear": [0.50, 0.52], "rbf": [0.53], "poly": [0.52]},
    "C": {"0.01": [0.40], "1.0": [0.55], "100.0": [0.56]},
}


def dots(figure):
    lines = (line for line in figure.axes[0].lines if line.get_marker() == "o")
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines]


def test_the_picture_says_settings_values_and_ranges():
    text = svg(strips(GIVEN, "test/accuracy", "q1: settings")).decode()
    # kernel has values with different numbers of trials, C has not
    for word in ("kernel", "C", "linear (2)", "100.0", "16.0 points", "2.0 points"):
        assert f"<!-- {word} -->" in text, word
    assert "<!-- test accuracy, % -->" in text
    assert text.index("<!-- 16.0 points -->") < text.index("<!-- 2.0 points -->")


def test_a_dot_is_a_mean_and_the_widest_setting_comes_first():
    drawn = dots(strips(GIVEN, "test/accuracy", "q"))
    assert [x for x, _ in drawn] == pytest.approx([40, 55, 56, 51, 52, 53])
    assert max(y for _, y in drawn[:3]) < min(y for _, y in drawn[3:])


@pytest.mark.parametrize(
    "given", [{}, {"C": {}}, {"C": {"1": [0.5]}}, {"C": {"1": [0.5], "2": []}}]
)
def test_without_a_setting_that_varies_there_is_no_picture(given):
    assert strips(given, "test/accuracy", "q") is None


def test_what_is_not_finite_is_left_out_and_counted():
    given = {"lr": {"0.1": [0.5, math.nan], "0.2": [0.6], "9": [math.nan]}, "one": {"a": [0.5]}}
    text = svg(strips(given, "test/accuracy", "q")).decode()
    assert "<!-- 10.0 points -->" in text and "Trials without a finite value: 2." in text
    assert "<!-- 9" not in text and "<!-- one -->" not in text


def test_what_is_no_share_is_told_in_its_own_unit():
    given = {"lr": {"0.1": [0.5], "0.2": [0.6239]}}
    text = svg(strips(given, "val/loss", "q")).decode()
    assert "<!-- validation loss -->" in text and "<!-- 0.124 -->" in text and "point" not in text
    text = svg(strips(given, "time/seconds", "q")).decode()
    assert "<!-- time seconds, s -->" in text and "<!-- 0.124 s -->" in text


def test_equal_values_are_drawn_below_each_other():
    figure = strips({"kind": {"a": [0.5], "b": [0.5]}}, "test/accuracy", "q")
    (x, y), (same, below) = dots(figure)
    assert x == same and y < below


def crowded():
    """Eight settings with nine values each, whose means are close to each other."""
    long = "class_sorted_in_the_order_of_the_listing_{}"
    names = [["0.{}", "layer{}", long, "mode {}"][i % 4] for i in range(8)]
    return {
        f"setting_{i}_with_a_rather_long_name": {
            name.format(j): [0.5 + 0.001 * (i + 1) * j + 0.01 * (j % 2)] for j in range(9)
        }
        for i, name in enumerate(names)
    }


def test_no_text_overlaps_another_or_is_cut_off():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = strips(crowded(), "test/accuracy", "a long title " * 12)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [*figure.texts, *figure.axes[0].texts]
    assert len(texts) == 2 + 8 * (9 + 2) + 1
    boxes = [text.get_window_extent(renderer) for text in texts]
    assert all(figure.bbox.x0 <= b.x0 and b.x1 <= figure.bbox.x1 for b in boxes)
    assert all(figure.bbox.y0 <= b.y0 and b.y1 <= figure.bbox.y1 for b in boxes)
    for (one, a), (other, b) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        assert not a.overlaps(b), (one.get_text(), other.get_text())
