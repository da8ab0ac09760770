"""What holds for every figure, and what a new one needs."""

import subprocess
import sys

import pytest

from reports import page
from reports.figures import catalogue, drawing, gallery, side_processes
from reports.figures.catalogue import FIGURES
from reports.reading import reading

EACH = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name or "curves")
CURVES = {"train/loss": [1.0, 0.5], "val/accuracy": [0.5, 0.6]}


@pytest.fixture
def read(made_run, made_trial, tmp_path):
    """A run with curves, of two variants and a baseline among them."""
    made = [
        made_trial({"x": x}, seed, curves=CURVES, metrics={"test/accuracy": x / 10 + seed**x / 50})
        for x in (1, 2, 3)
        for seed in (0, 1, 2)
    ]
    return reading(made_run(made, path=tmp_path, baseline={"x": 1}))


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(side_processes, "_cores", lambda: 1)


def test_what_figures_draw_with_is_not_loaded_before_it_is_needed():
    heavy = "{'matplotlib', 'sklearn'} & set(sys.modules)"
    code = f"import sys, reports.figures.catalogue; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_names_are_unique():
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)


@EACH
def test_a_figure_has_a_caption_for_people(figure):
    said = figure.caption.format(outcome="test accuracy")
    assert said.endswith(".") and "{" not in said
    assert isinstance(figure.per_sweep, bool) and isinstance(figure.unfolded, bool)


@EACH
@pytest.mark.parametrize("left", [[], ["failed"], ["finished"], ["finished", "finished"]])
def test_with_nothing_to_draw_there_is_no_picture(figure, left, made_run, made_trial, tmp_path):
    trials = [made_trial({"x": i}, status=how, folder=tmp_path) for i, how in enumerate(left)]
    empty = reading(made_run(trials, sweeps={"s": ("x",)}))
    assert figure.draw(empty, "s" if figure.per_sweep else "") is None


def test_pictures_of_a_page_are_in_the_order_of_the_list(read):
    drawing.draw(read)
    shown = gallery.pictures(read.run)
    for sweep, expected in {"": {"forest", "factors"}, "s": {"s"}}.items():
        names = [picture.name for picture in shown[sweep]]
        stems = [catalogue.stem(figure, sweep) for figure in FIGURES]
        assert names == [stem for stem in stems if stem in names] and expected <= set(names)
    captions = {picture.name: picture.caption for picture in shown[""]}
    assert captions["forest"] == "Differences in test accuracy, with intervals."
    assert captions["factors"] == "Test accuracy by every setting's value."


def test_several_processes_draw_what_one_does(read, monkeypatch):
    first = {file.name: file.read_bytes() for file in drawing.draw(read)}
    monkeypatch.setattr(side_processes, "_cores", lambda: 2)
    assert {file.name: file.read_bytes() for file in drawing.draw(read)} == first
    assert {file.name for file in (read.run.path / "figures").iterdir()} == set(first)


class Stars:
    """A figure that somebody adds."""

    name = "stars"
    caption = "{outcome} in stars."

    def __init__(self, per_sweep, unfolded):
        self.per_sweep, self.unfolded = per_sweep, unfolded

    def draw(self, reading, sweep):
        from matplotlib.figure import Figure

        figure = Figure()
        figure.suptitle(f"{reading.run.study.study} {sweep}: *****")
        return figure


@pytest.mark.parametrize("unfolded", [True, False])
@pytest.mark.parametrize("per_sweep, stem", [(True, "s_stars"), (False, "stars")])
def test_a_new_figure_needs_nothing_but_its_place_in_the_list(
    per_sweep, stem, unfolded, read, monkeypatch
):
    monkeypatch.setattr(catalogue, "FIGURES", [Stars(per_sweep, unfolded), *FIGURES])
    drawn = drawing.draw(read)
    assert [file.name for file in drawn][:2] == [f"{stem}.svg", f"{stem}.png"]
    assert all(file.exists() for file in drawn)
    html = page.page(read)
    assert f'<figure id="figure-{stem}">' in html
    how = "<figcaption>" if unfolded else "<summary>"
    assert html.count(f"{how}Test accuracy in stars.<") == 1
