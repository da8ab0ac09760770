"""The pictures of a sweep, from what its trials left in their folders."""

import numpy as np
import pytest

from reports import figures, update_figures
from reports.pictures import draw
from reports.scores import read_matrix
from runs.record import Trial
from trainables import classification_report

CLASSES = ("cat", "dog", "ship")


def ended(name, seed, varied, settings, lines, folder):
    """A finished trial."""
    metrics = {k: v for line in lines for k, v in line.items() if "/" in k}
    return Trial("key", name, seed, ("sweep",), varied, settings, "finished", None, metrics, 1.0,
                 lines, folder)  # fmt: skip


def trial(place, varied, settings, epochs=1, seed=0):
    """A trial's folder with a classifier's report in it, right in about two of three cases."""
    name = " ".join(f"{k}={settings[k]}" for k in varied)
    folder = place / f"{name} {seed}"
    folder.mkdir()
    random = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    scores = random.normal(size=(60, 3)) + 1.5 * np.eye(3)[labels]
    found = classification_report.final(folder, CLASSES, labels, scores, scores)
    curve = [
        {"epoch": e + 1, "train/loss": 1 / (e + 1), "val/accuracy": 0.5, "train/accuracy": 0.6}
        for e in range(epochs)
    ]
    return ended(name, seed, varied, settings, [*curve, {"epoch": epochs, **found}], folder)


def grid(place, left_out=0):
    choices = [
        {"kernel": kernel, "scaling": scaling, "C": 1.0}
        for kernel in ("linear", "rbf", "poly")
        for scaling in ("none", "standard", "minmax")
    ]
    varied = ("kernel", "scaling")
    return [trial(place, varied, chosen) for chosen in choices[: 9 - left_out]]


def test_a_grid_of_two_settings_gets_matrices_curves_and_a_heat_map(tmp_path):
    files = draw("q1", grid(tmp_path), tmp_path / "kernel")
    kinds = {file.name for file in files}
    assert kinds == {
        f"kernel_{kind}.{ending}"
        for kind in ("confusion", "roc", "heat")
        for ending in ("svg", "png")
    }
    text = (tmp_path / "kernel_heat.svg").read_text()
    assert all(f"<!-- {word} -->" in text for word in ("linear", "minmax", "kernel", "scaling"))


def test_a_grid_with_a_hole_is_drawn_without_a_heat_map(tmp_path):
    files = draw("q1", grid(tmp_path, left_out=1), tmp_path / "kernel")
    assert {file.stem for file in files} == {"kernel_confusion", "kernel_roc"}


def test_epochs_get_curves_and_seeds_are_added_up_in_the_matrix(tmp_path):
    trials = [
        trial(tmp_path, ("lr",), {"lr": lr}, epochs=3, seed=seed)
        for seed in (0, 1)
        for lr in (0.1, 0.2)
    ]
    files = draw("toy: lr", trials, tmp_path / "lr")
    assert {file.name for file in files if file.suffix == ".svg"} == {
        "lr.svg",
        "lr_confusion.svg",
        "lr_roc.svg",
    }


def test_numbers_are_drawn_in_their_order(tmp_path):
    trials = [trial(tmp_path, ("C",), {"C": C}) for C in (1.0, 0.01, 10)]
    draw("q1: C", trials, tmp_path / "C")
    text = (tmp_path / "C_confusion.svg").read_text()
    assert text.index("C=0.01") < text.index("C=1.0") < text.index("C=10")


def test_what_the_network_said_before_training_comes_first(tmp_path):
    (one,) = [trial(tmp_path, ("head",), {"head": "linear"})]
    matrix = np.array([[5, 0, 0, 15], [0, 0, 0, 20], [0, 1, 19, 0]])
    path = one.folder / "test_before_confusion.csv"
    classification_report.write_matrix(path, matrix, CLASSES, [*CLASSES, "other"])
    names, found = read_matrix(path)
    assert names == list(CLASSES)
    np.testing.assert_array_equal(found, matrix)
    draw("toy", [one], tmp_path / "head")
    text = (tmp_path / "head_confusion.svg").read_text()
    assert text.index("before training") < text.index("head=linear") and "other" in text


def test_a_trial_that_left_no_predictions_has_only_its_curves(tmp_path):
    lines = [{"epoch": e, "train/loss": 1.0} for e in (1, 2)]
    bare = ended("x=1", 0, ("x",), {"x": 1}, lines, tmp_path)
    assert {file.name for file in draw("toy", [bare], tmp_path / "x")} == {"x.svg", "x.png"}


@pytest.mark.parametrize("count", [2, 30])
def test_the_report_names_single_classes_only_where_they_are_few(tmp_path, count):
    labels = np.arange(60) % count
    classes = [f"class/{i}" for i in range(count)]
    scores = np.eye(count)[labels]
    found = classification_report.final(tmp_path, classes, labels, scores, scores)
    assert found["test/accuracy"] == found["test/auc_macro"] == 1
    assert ("test/accuracy_class_1" in found) == (count == 2)  # the slash would end the name
    rows = (tmp_path / "test_classes.csv").read_text().splitlines()
    assert len(rows) == count + 1 and rows[1].startswith("class/0,")


def test_what_is_drawn_of_one_trial_is_of_a_seed_that_all_variants_have(tmp_path, monkeypatch):
    """Seed 0 of the first variant has failed: its seed 1 stands beside the other's seed 1."""
    trials = [
        trial(tmp_path, ("lr",), {"lr": lr}, seed=seed)
        for lr, seed in ((0.1, 1), (0.1, 2), (0.2, 0), (0.2, 1))
    ]
    asked = {}
    monkeypatch.setattr(
        update_figures, "draw", lambda _, folders, *more: asked.update(folders) or []
    )
    draw("q3", trials, tmp_path / "lr")
    assert [folder.name for folder in asked.values()] == ["lr=0.1 1", "lr=0.2 1"]


def tuned(place, rates, accuracies):
    """A seed each of two optimizers at every rate; accuracies: of validation at the end."""
    found = []
    for (name, rate), accuracy in zip(rates, accuracies, strict=True):
        settings = {"optimizer": name, "lr": rate}
        lines = [
            {
                "epoch": e,
                "val/accuracy": accuracy * e / 2,
                "train/steps": 3,
                "time/train_seconds": 1,
            }
            for e in (1, 2)
        ]
        lines.append({"epoch": 2, "test/accuracy": accuracy - 0.1})
        folder = place / f"{name} {rate}"
        varied = ("optimizer", "lr")
        found.append(ended(f"{name} {rate}", 0, varied, settings, lines, folder))
    return found


@pytest.fixture
def captured(monkeypatch):
    """The variants that curves were asked for, by the name of the file."""
    asked = {}

    def keep(variants, title, path, against="epochs", styles=None):
        asked[path.name] = variants
        return []

    monkeypatch.setattr(figures, "curves", keep)
    return asked


RATES = [("sgd", 0.1), ("sgd", 0.01), ("adam", 0.01), ("adam", 0.001)]


def test_a_tuned_setting_is_drawn_at_the_own_value_of_each_variant(captured, tmp_path):
    trials = tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7))
    files = draw("q", trials, tmp_path / "x", tuned="lr")
    assert {file.name for file in files} == {"x_sensitivity.svg", "x_sensitivity.png"}
    own = ["optimizer=sgd (lr=0.1)", "optimizer=adam (lr=0.001)"]
    assert {name: list(variants) for name, variants in captured.items()} == {
        "x": own,
        "x_steps": own,
        "x_seconds": own,
    }
    assert captured["x"]["optimizer=adam (lr=0.001)"] == [trials[3].lines]


def test_the_smallest_is_best_with_mode_min(captured, tmp_path):
    draw("q", tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7)), tmp_path / "x", tuned="lr", mode="min")
    assert list(captured["x"]) == ["optimizer=sgd (lr=0.01)", "optimizer=adam (lr=0.01)"]


def test_where_only_the_tuned_setting_varies_there_is_one_variant(captured, tmp_path):
    draw("q", tuned(tmp_path, RATES[:2], (0.6, 0.8)), tmp_path / "x", tuned="lr")
    assert list(captured["x"]) == ["(lr=0.01)"]


@pytest.mark.parametrize("how", [{}, {"tuned": "batch_size"}, {"tuned": "lr", "metric": "x/y"}])
def test_without_a_tuned_setting_that_varies_and_is_measured_all_variants_are_drawn(
    how, captured, tmp_path
):
    files = draw("q", tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7)), tmp_path / "x", **how)
    assert files == []
    assert len(captured["x"]) == 4


def test_updates_are_drawn_of_the_first_seed_of_each_variant(monkeypatch, tmp_path):
    from reports import update_figures

    asked = []
    monkeypatch.setattr(update_figures, "draw", lambda *arguments: asked.append(arguments) or [])
    trials = [
        trial(tmp_path, ("lr",), {"lr": lr}, seed=seed) for seed in (0, 1) for lr in (0.1, 0.2)
    ]
    draw("q", trials, tmp_path / "x")
    folders = {"lr=0.1": tmp_path / "lr=0.1 0", "lr=0.2": tmp_path / "lr=0.2 0"}
    assert [given[:3] for given in asked] == [("q", folders, tmp_path / "x")]
