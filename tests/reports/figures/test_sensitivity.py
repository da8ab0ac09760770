"""A metric against a tuned setting: means, bands, and the value that was chosen."""

import pytest

from reports.figures import sensitivity

POINTS = {
    "sgd": [(0.1, [0.5, 0.7], True), (0.01, [0.2, 0.4], False)],
    "adam": [(0.001, [0.8], True)],
}


@pytest.fixture
def drawn(monkeypatch):
    """The axes that would have been saved."""
    kept = []
    monkeypatch.setattr(sensitivity, "save", lambda figure, path: kept.extend(figure.axes) or [])
    return kept


def test_a_line_is_the_mean_over_seeds_and_the_chosen_value_is_larger(drawn, tmp_path):
    sensitivity.draw(POINTS, "lr", "test accuracy", "q", tmp_path / "x")
    sgd, chosen, adam, own = drawn[0].lines
    assert list(sgd.get_xdata()) == [0.01, 0.1]
    assert sgd.get_ydata() == pytest.approx([0.3, 0.6])
    assert [*chosen.get_xdata(), *chosen.get_ydata()] == pytest.approx([0.1, 0.6])
    assert chosen.get_markersize() > 2 * sgd.get_markersize()
    assert [*adam.get_xdata(), *own.get_xdata()] == [0.001, 0.001]
    band = drawn[0].collections[0].get_paths()[0].vertices
    assert {round(y, 9) for y in band[:, 1]} == {0.2, 0.4, 0.5, 0.7}
    assert (drawn[0].get_xlabel(), drawn[0].get_ylabel()) == ("lr", "test accuracy")


@pytest.mark.parametrize(
    "values, scale", [((1, 4), "linear"), ((1, 5), "log"), ((0, 5), "linear"), ((-1, 9), "linear")]
)
def test_x_is_logarithmic_for_positive_values_far_apart(values, scale, drawn, tmp_path):
    points = {"a": [(value, [0.5], False) for value in values]}
    sensitivity.draw(points, "lr", "accuracy", "q", tmp_path / "x")
    assert drawn[0].get_xscale() == scale


def test_the_files_are_made_only_if_there_is_a_metric(tmp_path):
    files = sensitivity.draw(POINTS, "lr", "accuracy", "q", tmp_path / "x")
    assert [file.name for file in files] == ["x.svg", "x.png"] and all(f.exists() for f in files)
    assert sensitivity.draw({"a": [(1, [], False)]}, "lr", "accuracy", "q", tmp_path / "y") == []
