"""Curves: the same numbers give the same file, and nobody else's plots are touched."""

import matplotlib
import matplotlib.image

from reports import figures


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
