"""Maps of embeddings: what is drawn of whom, and what a collapsed or diverged one looks like."""

import numpy as np
import pytest

from reports.figures import projections
from reports.figures.embeddings import maps
from reports.figures.saving import svg
from runs.artifacts import Embeddings, Predictions


def trial(place, embeddings, labels, classes=None):
    """A folder with what an embedding trial leaves."""
    place.mkdir()
    labels = np.asarray(labels)
    Embeddings(np.asarray(embeddings, np.float16), labels, np.arange(len(labels))).save(place)
    if classes:
        Predictions(labels, labels, classes=tuple(classes)).save(place)
    return place


def clusters(classes=3, each=8, size=6, scale=1.0):
    random = np.random.default_rng(0)
    labels = np.arange(classes * each) % classes
    centres = 4 * random.normal(size=(classes, size))
    return scale * (centres[labels] + random.normal(size=(len(labels), size))), labels


@pytest.fixture
def quick(monkeypatch):
    """No t-SNE, which takes a while."""
    monkeypatch.setattr(projections, "t_sne", lambda scores: (scores[:, :2], 7))


def said(axis):
    return [text.get_text() for text in axis.texts]


def test_maps_are_drawn_with_the_names_of_classes_and_the_same_bytes_twice(tmp_path):
    folder = trial(tmp_path / "a", *clusters(), classes=["cat", "dog", "a/very_long_ship_name_xyz"])
    first, again = (svg(maps({"loss=center": folder}, "q2: loss")) for _ in "xy")
    assert first == again
    text = first.decode()
    for word in ("loss=center", "cat", "dog", "a/very_long_…ame_xyz", "t-SNE, perplexity 7"):
        assert f"<!-- {word} -->" in text, word
    assert "% of variance" in text and "24 test images of all 3 classes" in text


def test_without_embeddings_there_is_no_picture(tmp_path):
    assert maps({}, "q") is None
    assert maps({"a": tmp_path}, "q") is None


def test_broken_files_are_as_none(quick, tmp_path):
    embeddings, labels = clusters()
    names = ["cat", "dog", "ship"]
    folders = {name: trial(tmp_path / name, embeddings, labels, names) for name in ("a", "b")}
    for folder, file in ((folders["a"], Predictions.FILE), (folders["b"], Embeddings.FILE)):
        (folder / file).write_bytes(b"PK")
    assert projections.read(folders["a"]).classes == {0: "0", 1: "1", 2: "2"}
    drawn = maps(folders, "q").axes
    assert [axis.get_title().split("\n")[0] for axis in drawn] == ["a", "t-SNE, perplexity 7"]


def test_a_collapsed_embedding_is_one_point_and_a_diverged_one_has_none(tmp_path):
    embeddings, labels = clusters()
    folders = {
        "usual": trial(tmp_path / "a", embeddings, labels),
        "equal": trial(tmp_path / "b", np.full_like(embeddings, 0.3), labels),
        "zero": trial(tmp_path / "c", np.zeros_like(embeddings), labels),
        "nan": trial(tmp_path / "d", np.full_like(embeddings, np.nan), labels),
    }
    text = svg(maps(folders, "q")).decode()
    assert text.count("<!-- collapsed: one point -->") == 4  # in both maps of both
    assert text.count("<!-- diverged: not finite -->") == 2
    alone = {name: folders[name] for name in ("zero", "nan")}
    assert len(maps(alone, "q").axes) == 4


def test_what_is_tiny_beside_the_others_is_drawn_on_their_scale(quick, tmp_path):
    embeddings, labels = clusters()
    tiny = trial(tmp_path / "b", 0.002 * embeddings, labels)
    folders = {"usual": trial(tmp_path / "a", embeddings, labels), "alpha=1.0": tiny}
    drawn = maps(folders, "q").axes
    usual, shrunk, map_, none = drawn
    assert said(usual) == said(map_) == [] and said(shrunk) == said(none) == [
        "collapsed: one point"
    ]
    wide = max(float(np.ptp(line.get_xdata())) for line in shrunk.lines)
    assert wide < 0.01 * np.diff(shrunk.get_xlim())
    drawn = maps({"alpha=1.0": tiny}, "q").axes  # beside nothing, it is a map
    assert said(drawn[0]) == []


def test_points_that_are_not_finite_are_left_out_and_counted(quick, tmp_path):
    embeddings, labels = clusters()
    embeddings[3, 2] = np.inf
    drawn = maps({"a": trial(tmp_path / "a", embeddings, labels)}, "q").axes
    assert said(drawn[0]) == ["1 of 24 not finite"]
    assert sum(len(line.get_xdata()) for line in drawn[0].lines) == 23


def test_a_few_far_points_are_cut_and_counted(quick, tmp_path):
    embeddings, labels = clusters(each=20)
    embeddings[0] = 1000
    drawn = maps({"a": trial(tmp_path / "a", embeddings, labels)}, "q").axes
    assert said(drawn[0]) == ["1 beyond the edge"]


@pytest.mark.parametrize("points", [1, 3])
def test_too_few_images_for_a_map_are_said(points, quick, tmp_path):
    folder = trial(tmp_path / "a", np.eye(points), np.zeros(points, int))
    drawn = maps({"a": folder}, "q").axes
    assert said(drawn[0]) == ["too few images"]


def test_ten_classes_and_a_thousand_images_are_drawn_and_look_different(quick, tmp_path):
    embeddings, labels = clusters(classes=12, each=150, size=4)
    drawn = maps({"a": trial(tmp_path / "a", embeddings, labels)}, "q").axes
    lines = drawn[0].lines
    looks = {(line.get_color(), line.get_marker(), line.get_markerfacecolor()) for line in lines}
    assert len(looks) == len(lines) == 10
    assert sum(len(line.get_xdata()) for line in lines) == 1000
    (legend,) = drawn[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [str(k) for k in range(10)]
    assert "first 10 of 12 classes" in " ".join(legend.get_title().get_text().split())


def test_variants_stand_side_by_side_in_rows_of_four(quick, tmp_path):
    folder = trial(tmp_path / "a", *clusters())
    drawn = maps({f"lr={i}": folder for i in range(5)}, "q").axes
    heads = [axis.get_title().split("\n")[0] for axis in drawn if axis.get_visible()]
    assert heads[:4] == ["lr=0", "lr=1", "lr=2", "lr=3"]
    assert heads[4:8] == ["t-SNE, perplexity 7"] * 4
    assert heads[8:] == ["lr=4", "t-SNE, perplexity 7"]


def test_a_variant_with_other_classes_is_left_out(quick, tmp_path):
    embeddings, labels = clusters()
    one = trial(tmp_path / "a", embeddings, labels, ["cat", "dog", "ship"])
    other = trial(tmp_path / "b", embeddings, labels, ["cat", "dog", "plane"])
    drawn = maps({"a": one, "b": other}, "q").axes
    assert [axis.get_title().split("\n")[0] for axis in drawn][::2] == ["a"]


def test_principal_scores_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    points, _ = clusters()
    scores, shares = projections.principal(points)
    fitted = PCA(svd_solver="full")
    np.testing.assert_allclose(np.abs(scores), np.abs(fitted.fit_transform(points)), atol=1e-9)
    np.testing.assert_allclose(shares, fitted.explained_variance_ratio_)
    assert (scores.max(0) >= -scores.min(0)).all()


def test_one_dimension_gets_a_second_one():
    scores, shares = projections.principal(np.array([[0.0], [1.0], [5.0]]))
    assert scores.shape == (3, 2) and list(shares) == [1, 0]


def test_separate_classes_stay_separate_in_t_sne():
    points, labels = clusters(classes=2, each=20, scale=5)
    places, perplexity = projections.t_sne(projections.principal(points)[0])
    assert places.shape == (40, 2) and perplexity == 13
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert (labels[apart.argmin(1)] == labels).all()
