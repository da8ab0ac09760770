"""Differences to the baseline as a picture: what is written, filled, and clipped."""

import itertools

import matplotlib.colors
import pytest

from claims.statistics.interval import Difference, Spread, interval
from claims.units import POINTS, Unit
from reports import differences
from reports.figures.forest import forest
from reports.figures.saving import svg


def over_seeds(estimate, low, high, n=3, images=2500, **more):
    return Difference(estimate, low, high, 0.1, 0.96, n, images, Spread(0.01, 2), **more)


ROWS = {
    "loss=center": over_seeds(0.005, 0.001, 0.009),
    "loss=triplet": over_seeds(-0.004, -0.012, 0.004),
}


def dots(axis):
    return [line for line in axis.lines if line.get_marker() == "o"]


def arrows(axis):
    return [(line.get_marker(), line.get_xdata()[0]) for line in axis.lines
            if line.get_marker() in ("<", ">")]  # fmt: skip


def written(figure):
    return svg(figure).decode()


def test_the_picture_says_names_numbers_baseline_and_sample():
    picture = written(forest(ROWS, "loss=cross_entropy", "q2: loss", margin=0.01))
    for said in (
        "loss=center",
        "+0.5 [+0.1, +0.9]",
        "-0.4 [-1.2, +0.4]",
        "difference [interval]",
        "test accuracy, points, less that of loss=cross_entropy",
        "filled: the interval excludes 0; hollow: it does not; over 3 seeds, 2,500 images, 95 % "
        "over all looks (this one 96 %);",
        "shaded: within ±1",
    ):
        assert f"<!-- {said} -->" in picture, said


def test_without_a_row_there_is_no_picture():
    assert forest({}, "base", "q") is None


def test_what_excludes_zero_is_filled_in_the_colour_of_its_variant():
    styles = {"loss=center": {"color": "#D55E00", "ls": "--"}}
    center, triplet = dots(forest(ROWS, "base", "q", styles=styles).axes[0])
    assert center.get_markerfacecolor() == center.get_markeredgecolor() == "#D55E00"
    assert matplotlib.colors.same_color(triplet.get_markerfacecolor(), "white")
    assert [*center.get_xdata(), *triplet.get_xdata()] == pytest.approx([0.5, -0.4])
    assert center.get_ydata() > triplet.get_ydata()


def test_a_huge_interval_is_clipped_with_arrows_and_does_not_flatten_others():
    rows = ROWS | {"two seeds": over_seeds(0.015, -0.9, 0.93, n=2)}
    (axis,) = forest(rows, "base", "q").axes
    left, right = axis.get_xlim()
    assert -5 < left < -1.2 and 1.5 < right < 5
    assert arrows(axis) == [("<", left), (">", right)]
    assert len(dots(axis)) == 3


def test_a_variant_that_fell_to_chance_is_an_arrow_with_its_numbers():
    rows = ROWS | {"alpha=1.0": over_seeds(-0.3, -0.32, -0.28)}
    (axis,) = forest(rows, "base", "q").axes
    left, _ = axis.get_xlim()
    assert left > -5 and arrows(axis) == [("<", left)] and len(dots(axis)) == 2
    assert "-30.0 [-32.0, -28.0]" in [said.get_text() for said in axis.texts]


def test_wide_intervals_alone_are_shown_whole():
    rows = {name: over_seeds(0.01, -0.5, 0.5, n=2) for name in "ab"}
    (axis,) = forest(rows, "base", "q").axes
    assert arrows(axis) == [] and axis.get_xlim()[1] > 50


@pytest.mark.parametrize("row", [over_seeds(0.01, -0.9, 0.9), over_seeds(0.01, 0.01, 0.01)])
def test_one_row_of_any_kind_is_drawn(row):
    assert "<!-- a -->" in written(forest({"a": row}, "base", "q", margin=0.001))


def test_numbers_are_those_of_the_table():
    for estimate in (0.1, -0.1, 0.0, 1e-18):
        difference = interval(estimate, Spread(0.01, 2), 0.04, 3, 2500)
        effect, ends, _ = differences.told(difference, POINTS)
        assert differences.in_a_line(difference) == f"{effect} [{ends.replace(' to ', ', ')}]"


def test_what_a_claim_declared_is_marked():
    rows = ROWS | {"loss=center": over_seeds(0.005, 0.001, 0.009, declared=True)}
    picture = written(forest(rows, "base", "q"))
    assert "<!-- +0.5 [+0.1, +0.9] * -->" in picture and "stands alone" in picture


def test_what_is_no_share_has_three_digits_and_its_own_name():
    difference = over_seeds(0.0052, -1.85e-15, 0.0123)
    assert differences.in_a_line(difference, Unit()) == "+0.0052 [+0, +0.0123]"
    picture = written(forest({"a": difference}, "base", "q", metric="val/rmse"))
    assert "<!-- validation rmse, less that of base -->" in picture and "points" not in picture


def test_several_samples_are_named():
    rows = {
        "a": over_seeds(0.01, 0.0, 0.02, 2),
        "b": over_seeds(0.01, 0.0, 0.02, 5, images=None),
        "c": over_seeds(0.01, 0.0, 0.02, 1),
    }
    picture = written(forest(rows, "base", "q"))
    for said in ("2 seeds, 2,500 images", "5 seeds only", "2,500 images of one seed"):
        assert said in picture


def test_forty_long_names_neither_overlap_nor_are_cut_off():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    name = "optimizer=momentum batch_size=64 augmentation=crop_flip_colour_jitter_erase seed_of={}"
    rows = {name.format(i): over_seeds(0.01 * i, -0.01, 0.4) for i in range(40)}
    figure = forest(rows, name, "q")
    (axis,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    for texts in (axis.get_yticklabels(), axis.texts):
        boxes = [label.get_window_extent(renderer) for label in texts]
        assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
        boxes.sort(key=lambda box: box.y0)
        assert all(a.y1 <= b.y0 for a, b in itertools.pairwise(boxes))
