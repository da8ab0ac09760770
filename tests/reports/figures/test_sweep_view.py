"""The pictures of a sweep: which there are, and who stands in them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.figures import curves, sweep_view
from reports.figures.catalogue import FIGURES, stem
from reports.figures.saving import svg
from reports.reading import reading
from runs.artifacts import Confusion
from runs.variants import label
from trainables.training import evaluation

CLASSES = ("cat", "dog", "ship")
SWEEP = [figure for figure in FIGURES if figure.per_sweep]


@pytest.fixture
def draw(made_run):
    """draw(trials): file's name to picture, of the one sweep of a run that consists of them."""

    def drawn(trials, varied=("kernel", "scaling", "lr", "C", "x"), **study):
        read = reading(made_run(trials, sweeps={"s": varied}, **study))
        pictures = {stem(figure, "s"): figure.draw(read, "s") for figure in SWEEP}
        return {name: picture for name, picture in pictures.items() if picture}

    return drawn


@pytest.fixture
def ended(made_trial):
    """ended(settings, seed, lines, folder): a finished trial."""

    def make(settings, seed, lines, folder):
        metrics = {k: v for line in lines for k, v in line.items() if "/" in k}
        return replace(made_trial(settings, seed, metrics=metrics, folder=folder), lines=lines)

    return make


@pytest.fixture
def trial(ended):
    """trial(place, settings): with a classifier's report, right in about two of three cases."""

    def make(place, settings, epochs=1, seed=0):
        folder = place / f"{label(settings, settings)} {seed}"
        folder.mkdir()
        random = np.random.default_rng(seed)
        labels = np.arange(60) % 3
        scores = random.normal(size=(60, 3)) + 1.5 * np.eye(3)[labels]
        final = evaluation.final(folder, CLASSES, labels, scores, scores)
        curve = [
            {"epoch": e + 1, "train/loss": 1 / (e + 1), "val/accuracy": 0.5, "train/accuracy": 0.6}
            for e in range(epochs)
        ]
        return ended(settings, seed, [*curve, {"epoch": epochs, **final}], folder)

    return make


@pytest.fixture
def grid(trial):
    def make(place, left_out=0):
        choices = [
            {"kernel": kernel, "scaling": scaling, "C": 1.0}
            for kernel in ("linear", "rbf", "poly")
            for scaling in ("none", "standard", "minmax")
        ]
        return [trial(place, chosen) for chosen in choices[: 9 - left_out]]

    return make


def text(picture):
    return svg(picture).decode()


def test_a_grid_of_two_settings_gets_matrices_curves_and_a_heat_map(draw, grid, tmp_path):
    pictures = draw(grid(tmp_path))
    assert set(pictures) == {"s_confusion", "s_roc", "s_heat"}
    said = text(pictures["s_heat"])
    assert all(f"<!-- {word} -->" in said for word in ("linear", "minmax", "kernel", "scaling"))


def test_a_grid_with_a_hole_is_drawn_without_a_heat_map(draw, grid, tmp_path):
    assert set(draw(grid(tmp_path, left_out=1))) == {"s_confusion", "s_roc"}


def test_epochs_get_curves_and_seeds_are_added_up_in_the_matrix(draw, trial, tmp_path):
    trials = [
        trial(tmp_path, {"lr": lr}, epochs=3, seed=seed) for seed in (0, 1) for lr in (0.1, 0.2)
    ]
    assert set(draw(trials)) == {"s", "s_confusion", "s_roc"}


def test_numbers_are_drawn_in_their_order(draw, trial, tmp_path):
    said = text(draw([trial(tmp_path, {"C": C}) for C in (1.0, 0.01, 10)])["s_confusion"])
    assert said.index("C=0.01") < said.index("C=1.0") < said.index("C=10")


def test_what_the_network_said_before_training_comes_first(draw, trial, tmp_path):
    one = trial(tmp_path, {"head": "linear"})
    matrix = np.array([[5, 0, 0, 15], [0, 0, 0, 20], [0, 1, 19, 0]])
    Confusion(CLASSES, (*CLASSES, "other"), matrix).save(one.folder, before=True)
    said = text(draw([one], varied=("head",))["s_confusion"])
    assert said.index("before training") < said.index("head=linear") and "other" in said


def test_a_trial_that_left_no_predictions_has_only_its_curves(draw, ended, tmp_path):
    lines = [{"epoch": e, "train/loss": 1.0} for e in (1, 2)]
    assert set(draw([ended({"x": 1}, 0, lines, tmp_path)])) == {"s"}


@pytest.mark.parametrize("epochs", [1, 2])
def test_of_controls_only_the_learning_is_drawn(epochs, draw, trial, tmp_path):
    controls = [trial(tmp_path, {"control": c}, epochs) for c in ("one_batch", "shuffled_labels")]
    pictures = draw(controls, varied=("control",))
    assert set(pictures) == {"s"} and "control=one_batch" in text(pictures["s"])


@pytest.mark.parametrize("count", [2, 30])
def test_the_report_names_single_classes_only_where_they_are_few(tmp_path, count):
    labels = np.arange(60) % count
    classes = [f"class/{i}" for i in range(count)]
    scores = np.eye(count)[labels]
    final = evaluation.final(tmp_path, classes, labels, scores, scores)
    assert final["test/accuracy"] == final["test/auc_macro"] == 1
    assert ("test/accuracy_class_1" in final) == (count == 2)  # the slash would end the name
    rows = (tmp_path / "test_classes.csv").read_text().splitlines()
    assert len(rows) == count + 1 and rows[1].startswith("class/0,")


def test_what_is_drawn_of_one_trial_is_of_a_seed_that_all_variants_have(made_run, made_trial):
    """Seed 0 of the first variant has failed: its seed 1 stands beside the other's seed 1."""

    def folders(*trials):
        run = made_run(
            [made_trial({"lr": lr}, seed, folder=Path(f"{lr} {seed}")) for lr, seed in trials]
        )
        return [folder.name for folder in sweep_view.view(reading(run), "s").folders.values()]

    assert folders((0.1, 1), (0.1, 2), (0.2, 0), (0.2, 1)) == ["0.1 1", "0.2 1"]
    assert folders((0.1, 0), (0.2, 0), (0.1, 1), (0.2, 1)) == ["0.1 0", "0.2 0"]


RATES = [("sgd", 0.1), ("sgd", 0.01), ("adam", 0.01), ("adam", 0.001)]


@pytest.fixture
def tuned(ended):
    """A seed each of two optimizers at every rate; accuracies: of validation at the end."""

    def make(place, rates, accuracies):
        trials = []
        for (name, rate), accuracy in zip(rates, accuracies, strict=True):
            timed = {"train/steps": 3, "time/train_seconds": 1}
            lines = [{"epoch": e, "val/accuracy": accuracy * e / 2, **timed} for e in (1, 2)]
            lines.append({"epoch": 2, "test/accuracy": accuracy - 0.1})
            settings = {"optimizer": name, "lr": rate}
            trials.append(ended(settings, 0, lines, place / f"{name} {rate}"))
        return trials

    return make


@pytest.fixture
def captured(monkeypatch):
    """The variants that curves were asked for, by what they run against, and the titles."""
    asked = {}
    monkeypatch.setattr(
        curves, "curves", lambda variants, title, x, *_: asked.update({x: (title, variants)})
    )
    return asked


BOTH = ("optimizer", "lr")


def test_a_tuned_setting_is_drawn_at_the_own_value_of_each_variant(draw, tuned, captured, tmp_path):
    trials = tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7))
    assert set(draw(trials, BOTH, tune_each="lr")) == {"s_sensitivity"}
    own = ["optimizer=sgd (lr=0.1)", "optimizer=adam (lr=0.001)"]
    assert set(captured) == {"epochs", "steps", "seconds"}
    for title, variants in captured.values():
        assert title == "toy: s, each at its own lr" and list(variants) == own
        assert variants["optimizer=adam (lr=0.001)"] == [trials[3].lines]


def test_the_smallest_is_best_with_mode_min(draw, tuned, captured, tmp_path):
    trials = tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7))
    draw(trials, BOTH, tune_each="lr", mode="min")
    assert list(captured["epochs"][1]) == ["optimizer=sgd (lr=0.01)", "optimizer=adam (lr=0.01)"]


def test_where_only_the_tuned_setting_varies_there_is_one_variant(draw, tuned, captured, tmp_path):
    draw(tuned(tmp_path, RATES[:2], (0.6, 0.8)), BOTH, tune_each="lr")
    assert list(captured["epochs"][1]) == ["optimizer=sgd (lr=0.01)"]
    draw(tuned(tmp_path, RATES[:2], (0.6, 0.8)), ("lr",), tune_each="lr")
    assert list(captured["epochs"][1]) == ["(lr=0.01)"]


@pytest.mark.parametrize(
    "how", [{}, {"tune_each": "batch_size"}, {"tune_each": "lr", "metric": "x/y"}]
)
def test_without_a_tuned_setting_that_varies_and_is_measured_all_variants_are_drawn(
    how, draw, tuned, captured, tmp_path
):
    assert draw(tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7)), BOTH, **how) == {}
    title, variants = captured["epochs"]
    assert title == "toy: s" and len(variants) == 4


def test_a_variant_that_two_sweeps_share_looks_the_same_and_is_called_after_what_each_varies(
    made_run, made_trial
):
    shared, other = (
        made_trial({"x": x, "lr": 0.1}, sweep=sweeps) for x, sweeps in ((1, ("lr", "x")), (2, "x"))
    )
    read = reading(made_run([shared, other], sweeps={"lr": ("lr",), "x": ("x",)}))
    first, second = (sweep_view.view(read, sweep) for sweep in ("lr", "x"))
    assert list(first.looks) == ["lr=0.1"] and list(second.looks) == ["x=1", "x=2"]
    assert first.looks["lr=0.1"] == second.looks["x=1"] != second.looks["x=2"]


def test_a_heat_map_is_of_the_outcome_and_only_of_shares(draw, ended, tmp_path):
    def of(metric):
        trials = [
            ended({"kernel": k, "scaling": s}, 0, [{"epoch": 1, metric: 0.5}], tmp_path)
            for k in "ab"
            for s in "cd"
        ]
        return draw(trials, metric=metric)

    pictures = of("val/macro_f1")
    assert set(pictures) == {"s_heat"}
    assert pictures["s_heat"].get_suptitle() == "toy: s: validation macro f1\nn = 1"
    assert of("val/rmse") == {}
