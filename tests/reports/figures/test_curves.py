"""Curves: the same numbers give the same file, and nobody else's plots are touched."""

import matplotlib
import matplotlib.image
import pytest

from reports.figures import curves as figures


def lines(start):
    epochs = range(1, 4)
    return [
        {"epoch": e, "train/loss": start / e, "val/loss": start, "val/accuracy": 1 - start / e}
        for e in epochs
    ]


VARIANTS = {"loss=center": [lines(0.5), lines(0.6)], "loss=triplet": [lines(0.7)]}


def test_curves_name_every_variant_and_come_out_the_same_twice(tmp_path):
    files = figures.curves(VARIANTS, "q: loss", tmp_path / "one")
    again = figures.curves(VARIANTS, "q: loss", tmp_path / "two")
    svg, png = (file.read_bytes() for file in files)
    assert svg == again[0].read_bytes()
    assert matplotlib.image.imread(files[1]).shape[2] == 4
    assert png.startswith(b"\x89PNG")


def test_a_file_name_with_a_dot_is_kept(tmp_path):
    files = figures.curves(VARIANTS, "q", tmp_path / "alpha=0.1")
    assert [file.name for file in files] == ["alpha=0.1.svg", "alpha=0.1.png"]


def test_without_an_epoch_there_is_no_picture(tmp_path):
    assert figures.curves({"loss=center": [[]]}, "q", tmp_path / "none") == []
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    backend, before = matplotlib.get_backend(), dict(matplotlib.rcParams)
    figures.curves(VARIANTS, "q", tmp_path / "x")
    assert matplotlib.get_backend() == backend
    assert dict(matplotlib.rcParams) == before


def test_a_trainable_with_metrics_of_its_own_has_them_drawn(tmp_path):
    lines = [{"epoch": e, "val/reward": e / 2, "time/seconds": 1.0} for e in (1, 2)]
    figures.curves({"a": [lines]}, "toy", tmp_path / "own")
    text = (tmp_path / "own.svg").read_text()
    assert "val/reward" in text and "time/seconds" not in text
    assert figures.curves({"a": [[{"epoch": 1}]]}, "toy", tmp_path / "none") == []


def test_a_loss_that_explodes_does_not_flatten_the_others(tmp_path):
    losses = {"a": [1.0, 0.5], "b": [0.9, 0.4], "c": [1.1, 0.6], "d": [1.0, 4e16]}
    variants = {
        name: [[{"epoch": e, "val/loss": v} for e, v in enumerate(values, 1)]]
        for name, values in losses.items()
    }
    figures.curves(variants, "q", tmp_path / "wild")
    assert "1 above, up to 4e+16" in (tmp_path / "wild.svg").read_text()
    rates = zip("abc", (0.1, 0.1, 0.9), strict=True)
    learns = {n: [[{"epoch": 1, "val/accuracy": a}]] for n, a in rates}
    figures.curves(learns, "q", tmp_path / "learns")
    assert "above, up to" not in (tmp_path / "learns.svg").read_text()
    del variants["d"]
    figures.curves(variants, "q", tmp_path / "tame")
    assert "above, up to" not in (tmp_path / "tame.svg").read_text()


def counted(steps, epochs=3, seconds=1.0):
    """The lines of a seed with `steps` an epoch, and its test metrics in a line of their own."""
    found = [
        {**line, "train/steps": steps, "time/train_seconds": seconds}
        for line in lines(1.0)[:epochs]
    ]
    return [*found, {"epoch": epochs, "test/accuracy": 0.5}]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would have been saved."""
    kept = []
    monkeypatch.setattr(figures, "save", lambda figure, path: kept.append(figure) or [path])
    return kept


def test_a_point_lies_at_the_steps_done_after_its_epoch(drawn, tmp_path):
    variants = {"a": [counted(5)], "b": [counted(10, epochs=2)]}
    figures.curves(variants, "q", tmp_path / "x", "steps")
    titles = [axis.get_title() for axis in drawn[0].axes]
    assert titles == ["train loss", "validation cross-entropy", "validation accuracy"]
    for axis in drawn[0].axes:
        assert [line.get_xdata().tolist() for line in axis.lines] == [[5, 10, 15], [10, 20]]
        assert axis.get_xlabel() == "optimiser steps"
    assert drawn[0].axes[0].lines[0].get_ydata().tolist() == [1, 1 / 2, 1 / 3]


def test_the_seconds_of_several_seeds_are_averaged(drawn, tmp_path):
    seeds = [counted(5, seconds=1.0), counted(5, seconds=2.0)]
    figures.curves({"a": seeds}, "q", tmp_path / "x", "seconds")
    assert drawn[0].axes[0].lines[0].get_xdata().tolist() == [1.5, 3, 4.5]


@pytest.mark.parametrize("steps, scale", [(40, "linear"), (41, "log")])
def test_x_is_logarithmic_where_totals_are_far_apart(steps, scale, drawn, tmp_path):
    figures.curves({"a": [counted(5)], "b": [counted(steps)]}, "q", tmp_path / "x", "steps")
    assert [axis.get_xscale() for axis in drawn[0].axes] == [scale] * 3


def test_a_variant_that_counts_no_steps_is_left_out_and_the_others_keep_their_looks(
    drawn, tmp_path
):
    variants = {"a": [lines(0.5)], "b": [counted(5)]}
    figures.curves(variants, "q", tmp_path / "x")
    figures.curves(variants, "q", tmp_path / "x", "steps")
    looks = [[(x.get_color(), x.get_linestyle()) for x in f.axes[0].lines] for f in drawn]
    assert looks[1] == looks[0][1:]
    assert [text.get_text() for text in drawn[1].legends[0].get_texts()] == ["b"]
    assert figures.curves({"a": [lines(0.5)]}, "q", tmp_path / "y", "steps") == []


@pytest.mark.parametrize("length", [5, 60])
def test_a_legend_of_many_variants_is_no_wider_than_its_figure(length, drawn, tmp_path):
    variants = {f"{i:0{length}}": [lines(0.5)] for i in range(9)}
    figures.curves(variants, "q", tmp_path / "x")
    drawn[0].draw_without_rendering()
    box = drawn[0].legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= drawn[0].bbox.x1
    assert not any(box.overlaps(axis.get_tightbbox()) for axis in drawn[0].axes)
