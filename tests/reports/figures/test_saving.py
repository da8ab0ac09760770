"""The files of a picture: the same numbers give the same ones, and nobody else's plots change."""

import matplotlib
import matplotlib.image
import numpy as np
import pytest

from claims.statistics.interval import Difference, Spread
from reports.figures.confusion import confusion_grid
from reports.figures.curves import curves
from reports.figures.factors import strips
from reports.figures.forest import forest
from reports.figures.heat import heat_map
from reports.figures.roc import roc_grid
from reports.figures.saving import save
from reports.figures.sheet import sheet

NAMES = ["cat", "dog"]
LINES = [{"epoch": e, "train/loss": 1 / e, "val/accuracy": 0.5} for e in (1, 2, 3)]
GAP = Difference(0.01, -0.01, 0.02, 0.1, 0.95, 3, None, Spread(0.01, 2))
CURVE = ([0, 0.25, 1], [0, 0.75, 1], 0.75)
DRAWN = {
    "curves": lambda: curves({"a": [LINES], "b": [LINES]}, "q"),
    "forest": lambda: forest({"a": GAP}, "b", "q"),
    "factors": lambda: strips({"lr": {"1": [0.5], "2": [0.6]}}, "test/accuracy", "q"),
    "confusion": lambda: confusion_grid({"a": np.eye(2)}, NAMES, "q"),
    "roc": lambda: roc_grid({"a": dict.fromkeys(NAMES, CURVE)}, "q"),
    "heat": lambda: heat_map(np.eye(2), NAMES, NAMES, "row", "column", "q"),
}
EACH = pytest.mark.parametrize("kind", DRAWN)


@EACH
def test_the_same_numbers_give_the_same_bytes(kind, tmp_path):
    files, again = (save(DRAWN[kind](), tmp_path / name) for name in ("alpha=0.1", "two"))
    assert [file.name for file in files] == ["alpha=0.1.svg", "alpha=0.1.png"]
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in again]
    assert matplotlib.image.imread(files[1]).shape[2] == 4


@EACH
def test_drawing_leaves_the_settings_of_matplotlib_alone(kind, tmp_path):
    backend, before = matplotlib.get_backend(), dict(matplotlib.rcParams)
    save(DRAWN[kind](), tmp_path / "x")
    assert matplotlib.get_backend() == backend
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("adjustable, whole", [("datalim", True), ("box", False)])
def test_margins_are_cut_off_only_where_panels_keep_their_shape(adjustable, whole, tmp_path):
    figure, (axis,) = sheet("q", {}, 1, (8, 4))
    axis.plot([0, 1], [0, 1])
    axis.set_aspect("equal", adjustable=adjustable)
    _, bitmap = save(figure, tmp_path / "x")
    assert (matplotlib.image.imread(bitmap).shape[1] == 8 * 110) == whole
