"""Grids: a panel a variant that can be read, and cells that can."""

import numpy as np
import pytest

from reports.figures.confusion import confusion_grid
from reports.figures.heat import heat_map
from reports.figures.roc import roc_grid

CLASSES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
LAYOUT = (["linear", "rbf", "poly"], ["none", "standard", "l2"])
NINE = [f"kernel={kernel} scaling={scaling}" for kernel in LAYOUT[0] for scaling in LAYOUT[1]]
LONG = [f"learning_rate=0.000{i} weight_decay=1e-05 loss=cross_entropy" for i in range(4)]


def matrix(size, other=0):
    counts = np.random.default_rng(size).integers(1, 9, (size, size + other))
    return counts + 20 * np.eye(*counts.shape, dtype=int)


def panel(names, area=0.75):
    curve = ([0, 0.25, 1], [0, 0.75, 1], area)
    return {name: curve for name in (*names, "micro", "macro")}


def confusion(variants=("a", "b"), layout=None):
    return confusion_grid({v: matrix(3) for v in variants}, CLASSES[:3], "q", layout)


def roc(variants=("a", "b"), layout=None):
    return roc_grid({v: panel(CLASSES) for v in variants}, "q", layout)


def laid_out(figure):
    figure.draw_without_rendering()
    return figure.axes


GRIDS = pytest.mark.parametrize("draw", [confusion, roc])


def texts(axis):
    return [text.get_text() for text in axis.texts]


def ticks(axis):
    """The names that are shown below and beside a panel."""
    sides = ((axis.xaxis, "labelbottom"), (axis.yaxis, "labelleft"))
    return [
        [t.get_text() for t in side.get_ticklabels()] if side.get_tick_params()[shown] else []
        for side, shown in sides
    ]


def test_without_anything_to_show_there_is_no_picture():
    assert confusion_grid({}, CLASSES, "q") is None
    assert roc_grid({}, "q") is None
    nothing = np.full((1, 1), np.nan)
    assert heat_map(nothing, ["r"], ["c"], "row", "column", "q") is None


@GRIDS
@pytest.mark.parametrize("number, shape", [(1, (1, 1)), (2, (1, 2)), (5, (2, 3))])
def test_without_a_layout_a_row_has_at_most_three_panels(draw, number, shape):
    panels = [axis for axis in laid_out(draw(NINE[:number])) if axis.get_title()]
    assert len(panels) == number
    assert panels[0].get_gridspec().get_geometry() == shape


@GRIDS
def test_a_layout_puts_the_first_factor_in_rows_and_the_second_in_columns(draw):
    panels = [axis for axis in laid_out(draw(NINE, LAYOUT)) if axis.get_title()]
    assert [axis.get_title().split("\n")[0] for axis in panels] == NINE
    heads = [[t for t in texts(axis) if t in (*LAYOUT[0], *LAYOUT[1])] for axis in panels]
    assert heads == [["none"], ["standard"], ["l2", "linear"], [], [], ["rbf"], [], [], ["poly"]]
    assert [bool(axis.get_ylabel()) for axis in panels] == [True, False, False] * 3
    assert [bool(axis.get_xlabel()) for axis in panels] == [False] * 6 + [True] * 3


@GRIDS
def test_a_layout_that_the_variants_do_not_fill_is_refused(draw):
    with pytest.raises(ValueError, match="8 variants do not fill 3 x 3 panels"):
        draw(NINE[:8], LAYOUT)


@GRIDS
@pytest.mark.parametrize("layout", [None, (["head 1", "head 2"], ["head 3", "head 4"])])
def test_long_names_overlap_nothing(draw, layout):
    panels = [axis for axis in laid_out(draw(LONG, layout)) if axis.get_title()]
    heads = [panels[0].figure._suptitle, *(axis.title for axis in panels)]
    if layout:
        heads += [t for axis in panels for t in axis.texts if "head" in t.get_text()]
        assert len(heads) == 9
    boxes = [text.get_window_extent() for text in heads]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.overlaps(axis.get_window_extent()) for axis in panels)
    assert panels[3].get_title().replace("\n", " ").startswith(LONG[3])


def test_a_confusion_panel_has_accuracy_and_the_shares_of_each_row():
    counts = np.array([[3, 1, 0], [0, 1, 199], [2, 2, 4]])
    axis, bar = laid_out(confusion_grid({"a": counts}, CLASSES[:3], "q"))
    assert axis.get_title() == "a\naccuracy 3.8 %"
    assert texts(axis) == ["75", "25", "0", "100", "25", "25", "50"]
    assert ticks(axis) == [CLASSES[:3], CLASSES[:3]]
    assert bar.get_ylim() == (0, 1)


def test_another_class_is_a_column_that_counts_as_wrong():
    counts = np.array([[5, 0, 5], [0, 10, 0]])
    axis = laid_out(confusion_grid({"a": counts}, CLASSES[:2], "q"))[0]
    assert axis.get_title() == "a\naccuracy 75.0 %"
    assert ticks(axis) == [["airplane", "bird", "other"], ["airplane", "bird"]]


def test_a_class_without_an_image_has_a_row_without_numbers():
    counts = {"a": np.array([[4, 0], [0, 0]]), "b": np.zeros((2, 2))}
    one, none = laid_out(confusion_grid(counts, CLASSES[:2], "q"))[:2]
    assert (one.get_title(), texts(one)) == ("a\naccuracy 100.0 %", ["100"])
    assert (none.get_title(), texts(none)) == ("b\naccuracy -", [])
    assert one.patch.get_hatch()


@pytest.mark.parametrize(
    "size, numbers, names", [(12, True, True), (13, False, True), (26, False, False)]
)
def test_many_classes_lose_their_numbers_then_their_names(size, numbers, names):
    classes = [f"class {i}" for i in range(size)]
    axis = laid_out(confusion_grid({"a": matrix(size)}, classes, "q"))[0]
    assert bool(texts(axis)) == numbers
    assert ticks(axis) == ([classes, classes] if names else [[], []])


def test_class_names_are_on_the_outer_panels_only():
    panels = laid_out(confusion(NINE[:4]))[:4]
    shown = [[bool(side) for side in ticks(axis)] for axis in panels]
    assert shown == [[False, True], [True, False], [True, False], [True, True]]


def test_a_matrix_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"a: 2 classes, but a matrix of shape \(3, 3\)"):
        confusion_grid({"a": matrix(3)}, CLASSES[:2], "q")


def test_shades_are_even_in_lightness_and_numbers_stand_out():
    counts = np.array([[10, 90], [60, 40]])
    axis = laid_out(confusion_grid({"a": counts}, CLASSES[:2], "q"))[0]
    rgb = axis.images[0].cmap(np.linspace(0, 1, 11))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    steps = np.diff(np.cbrt(linear @ (0.2126, 0.7152, 0.0722)))
    assert steps.max() < 0
    assert steps.min() / steps.max() < 1.15  # of 8 bits a channel; 2.3 in the map it is made from
    assert [text.get_color() for text in axis.texts] == ["black", "white", "white", "black"]


def test_every_curve_of_a_roc_panel_looks_different_and_has_its_area():
    curves = {"a": panel(CLASSES), "b": panel(CLASSES[5:])}
    axes = laid_out(roc_grid(curves, "q"))
    for axis, names in zip(axes, (CLASSES, CLASSES[5:]), strict=True):
        legend = [text.get_text() for text in axis.get_legend().get_texts()]
        assert legend == [f"{name} 0.750" for name in (*names, "micro", "macro")]
    first, second = (
        {line.get_label(): (line.get_color(), line.get_linestyle()) for line in axis.lines[1:]}
        for axis in axes
    )
    assert len(set(first.values())) == 12
    assert second.items() <= first.items()
    assert first["micro 0.750"] == ("black", "-")
    assert first["macro 0.750"] == ("black", ":")


def test_of_many_curves_only_the_means_are_listed():
    axis = laid_out(roc_grid({"a": panel([*CLASSES, "bus"])}, "q"))[0]
    assert len(axis.lines) == 1 + 11 + 2
    listed = [text.get_text() for text in axis.get_legend().get_texts()]
    assert listed == ["micro 0.750", "macro 0.750"]


def test_a_class_without_an_image_has_no_area():
    missing = {"cat": ([0, 1], [np.nan, np.nan], np.nan)}
    axes = laid_out(roc_grid({"a": panel(["dog"]) | missing, "b": {}}, "q"))
    listed = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert listed == ["dog 0.750", "micro 0.750", "macro 0.750", "cat -"]
    assert axes[1].get_legend() is None


def test_a_heat_map_has_percent_in_its_cells_and_a_scale_of_whole_tens():
    values = np.array([[0.314, np.nan], [0.5, 0.981]])
    axis, bar = laid_out(heat_map(values, ["r", "s"], ["c", "d"], "row", "column", "q"))
    assert texts(axis) == ["31.4", "50.0", "98.1"]
    assert ticks(axis) == [["c", "d"], ["r", "s"]]
    assert bar.get_ylim() == (30, 100)
    assert axis.patch.get_hatch()


@pytest.mark.parametrize(
    "n, title, cells",
    [
        (None, "q", ["30.0", "30.4"]),
        (3, "q\nn = 3", ["30.0", "30.4"]),
        ([[3, 3]], "q\nn = 3", ["30.0", "30.4"]),
        ([[3, 2500]], "q", ["30.0\nn = 3", "30.4\nn = 2,500"]),
    ],
)
def test_a_heat_map_says_n_once_or_in_each_cell(n, title, cells):
    values = np.array([[0.3, 0.304]])
    figure = heat_map(values, ["r"], ["c", "d"], "row", "column", "q", "recall", n)
    axis, bar = laid_out(figure)
    assert figure.get_suptitle() == title
    assert texts(axis) == cells
    assert (bar.get_ylabel(), bar.get_ylim()) == ("recall", (30, 40))


def test_a_heat_map_with_names_for_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"1 x 2 names for values of shape \(2, 2\)"):
        heat_map(np.eye(2), ["r"], ["c", "d"], "row", "column", "q")
