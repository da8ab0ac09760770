"""Pictures for a page: embedded, or linked where they lie."""

import base64

import pytest

from reports.figures import catalogue, gallery


@pytest.fixture
def run(made_run, made_trial, tmp_path):
    """With files of pictures in its folder, those of a sweep and one of the run."""
    (tmp_path / "figures").mkdir()
    for name in ("forest.svg", "s.svg", "s.png", "s_roc.png", "elsewhere.svg"):
        (tmp_path / "figures" / name).write_bytes(name.encode())
    return made_run([made_trial({"x": 1}), made_trial({"x": 2}, sweep="none")], path=tmp_path)


def uris(pictures):
    return {picture.name: picture.uri for own in pictures.values() for picture in own}


def embedded(kind, name):
    return f"data:image/{kind};base64,{base64.b64encode(name.encode()).decode()}"


def test_what_was_drawn_is_part_of_the_page(run):
    shown = gallery.pictures(run)
    assert list(shown) == ["", "s", "none"] and shown["none"] == []
    assert uris(shown) == {
        "forest": embedded("svg+xml", "forest.svg"),
        "s": embedded("svg+xml", "s.svg"),
        "s_roc": embedded("png", "s_roc.png"),
    }


def test_a_large_picture_is_shown_as_its_bitmap(run):
    (run.path / "figures" / "s.svg").write_bytes(b"x" * (gallery.LARGEST_SVG + 1))
    assert uris(gallery.pictures(run))["s"] == embedded("png", "s.png")


def test_a_linked_picture_stays_beside_the_page(run):
    shown = uris(gallery.pictures(run, linked=["forest", "s_roc", "never drawn"]))
    assert shown == {
        "forest": "figures/forest.svg",
        "s": embedded("svg+xml", "s.svg"),
        "s_roc": "figures/s_roc.png",
    }
    assert (run.path / shown["s_roc"]).exists()


def test_what_was_not_drawn_is_no_picture(run):
    factors = next(figure for figure in catalogue.FIGURES if figure.name == "factors")
    assert gallery.picture(run, factors) is None
