"""Curves: which metrics are drawn, against what, and what cannot hide the others."""

import pytest

from reports.figures.curves import curves
from reports.figures.saving import svg


def lines(start):
    epochs = range(1, 4)
    return [
        {"epoch": e, "train/loss": start / e, "val/loss": start, "val/accuracy": 1 - start / e}
        for e in epochs
    ]


VARIANTS = {"loss=center": [lines(0.5), lines(0.6)], "loss=triplet": [lines(0.7)]}


def test_curves_name_every_variant():
    text = svg(curves(VARIANTS, "q: loss")).decode()
    assert all(f"<!-- {name} -->" in text for name in ("q: loss", *VARIANTS))


def test_without_an_epoch_there_is_no_picture():
    assert curves({"loss=center": [[]]}, "q") is None


def test_a_trainable_with_metrics_of_its_own_has_them_drawn():
    lines = [{"epoch": e, "val/reward": e / 2, "time/seconds": 1.0} for e in (1, 2)]
    text = svg(curves({"a": [lines]}, "toy")).decode()
    assert "val/reward" in text and "time/seconds" not in text
    assert curves({"a": [[{"epoch": 1}]]}, "toy") is None


def joined(auxiliary):
    """The lines of an embedding trial whose second loss comes to these values."""
    return [
        {"epoch": e, "train/loss": 1 / e + extra, "train/cross_entropy": 1 / e,
         "train/auxiliary_loss": extra, "val/loss": 2.0, "val/accuracy": 0.5}
        for e, extra in enumerate(auxiliary, 1)
    ]  # fmt: skip


def test_cross_entropy_is_compared_for_every_loss_and_what_is_beside_it_apart():
    variants = {"alone": [joined([0, 0])], "center": [joined([250, 20])], "triplet": [joined([1])]}
    figure = curves(variants, "q")
    panels = {axis.get_title(): axis for axis in figure.axes}
    assert [*panels] == [
        "train cross-entropy", "validation cross-entropy", "auxiliary train loss",
        "validation accuracy",
    ]  # fmt: skip
    assert [len(axis.lines) for axis in panels.values()] == [3, 3, 2, 3]
    beside = panels["auxiliary train loss"]
    assert [line.get_ydata().tolist() for line in beside.lines] == [[250, 20], [1]]
    assert beside.get_yscale() == "log"  # 250 of a center loss beside 1 of a triplet loss
    (panel,) = [x for x in curves({"t": [joined([1, 0.5])]}, "q").axes if "auxil" in x.get_title()]
    assert panel.get_yscale() == "linear"
    shown = [axis.get_title() for axis in curves({"alone": variants["alone"]}, "q").axes]
    assert "auxiliary train loss" not in shown


def said(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_loss_that_explodes_does_not_flatten_the_others():
    losses = {"a": [1.0, 0.5], "b": [0.9, 0.4], "c": [1.1, 0.6], "d": [1.0, 4e16]}
    variants = {
        name: [[{"epoch": e, "val/loss": v} for e, v in enumerate(values, 1)]]
        for name, values in losses.items()
    }
    assert "1 above, up to 4e+16" in said(curves(variants, "q"))
    rates = zip("abc", (0.1, 0.1, 0.9), strict=True)
    learns = {n: [[{"epoch": 1, "val/accuracy": a}]] for n, a in rates}
    assert said(curves(learns, "q")) == []
    del variants["d"]
    assert said(curves(variants, "q")) == []


def counted(steps, epochs=3, seconds=1.0):
    """The lines of a seed with `steps` an epoch, and its test metrics in a line of their own."""
    timed = {"train/steps": steps, "time/train_seconds": seconds}
    trained = [{**line, **timed} for line in lines(1.0)[:epochs]]
    return [*trained, {"epoch": epochs, "test/accuracy": 0.5}]


def test_a_point_lies_at_the_steps_done_after_its_epoch():
    variants = {"a": [counted(5)], "b": [counted(10, epochs=2)]}
    figure = curves(variants, "q", "steps")
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["train loss", "validation cross-entropy", "validation accuracy"]
    for axis in figure.axes:
        assert [line.get_xdata().tolist() for line in axis.lines] == [[5, 10, 15], [10, 20]]
        assert axis.get_xlabel() == "optimiser steps"
    assert figure.axes[0].lines[0].get_ydata().tolist() == [1, 1 / 2, 1 / 3]


def test_the_seconds_of_several_seeds_are_averaged():
    seeds = [counted(5, seconds=1.0), counted(5, seconds=2.0)]
    figure = curves({"a": seeds}, "q", "seconds")
    assert figure.axes[0].lines[0].get_xdata().tolist() == [1.5, 3, 4.5]


@pytest.mark.parametrize("steps, scale", [(40, "linear"), (41, "log")])
def test_x_is_logarithmic_where_totals_are_far_apart(steps, scale):
    figure = curves({"a": [counted(5)], "b": [counted(steps)]}, "q", "steps")
    assert [axis.get_xscale() for axis in figure.axes] == [scale] * 3


def test_a_variant_that_counts_no_steps_is_left_out_and_the_others_keep_their_looks():
    variants = {"a": [lines(0.5)], "b": [counted(5)]}
    drawn = [curves(variants, "q"), curves(variants, "q", "steps")]
    looks = [[(x.get_color(), x.get_linestyle()) for x in f.axes[0].lines] for f in drawn]
    assert looks[1] == looks[0][1:]
    assert [text.get_text() for text in drawn[1].legends[0].get_texts()] == ["b"]
    assert curves({"a": [lines(0.5)]}, "q", "steps") is None


@pytest.mark.parametrize("length", [5, 60])
def test_a_legend_of_many_variants_is_no_wider_than_its_figure(length):
    variants = {f"{i:0{length}}": [lines(0.5)] for i in range(9)}
    figure = curves(variants, "q")
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert not any(box.overlaps(axis.get_tightbbox()) for axis in figure.axes)
