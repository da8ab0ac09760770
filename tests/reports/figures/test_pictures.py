"""The pictures of a sweep, from what its trials left in their folders."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from reports.figures import curves as figures
from reports.figures import looks, pictures, update_figures
from reports.reading import reading
from runs.artifacts import Confusion
from runs.variants import label
from trainables.training import evaluation as classification_report

CLASSES = ("cat", "dog", "ship")


@pytest.fixture
def draw(made_run):
    """draw(trials, path): the pictures of the one sweep of a run that consists of them."""

    def drawn(trials, path, varied=("kernel", "scaling", "lr", "C", "x"), styles=None, **study):
        run = made_run(trials, sweeps={"s": varied}, **study)
        return [file for job in pictures.jobs(reading(run), "s", path, styles) for file in job()]

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
        found = classification_report.final(folder, CLASSES, labels, scores, scores)
        curve = [
            {"epoch": e + 1, "train/loss": 1 / (e + 1), "val/accuracy": 0.5, "train/accuracy": 0.6}
            for e in range(epochs)
        ]
        return ended(settings, seed, [*curve, {"epoch": epochs, **found}], folder)

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


def test_a_grid_of_two_settings_gets_matrices_curves_and_a_heat_map(draw, grid, tmp_path):
    files = draw(grid(tmp_path), tmp_path / "kernel")
    kinds = {file.name for file in files}
    assert kinds == {
        f"kernel_{kind}.{ending}"
        for kind in ("confusion", "roc", "heat")
        for ending in ("svg", "png")
    }
    text = (tmp_path / "kernel_heat.svg").read_text()
    assert all(f"<!-- {word} -->" in text for word in ("linear", "minmax", "kernel", "scaling"))


def test_a_grid_with_a_hole_is_drawn_without_a_heat_map(draw, grid, tmp_path):
    files = draw(grid(tmp_path, left_out=1), tmp_path / "kernel")
    assert {file.stem for file in files} == {"kernel_confusion", "kernel_roc"}


def test_epochs_get_curves_and_seeds_are_added_up_in_the_matrix(draw, trial, tmp_path):
    trials = [
        trial(tmp_path, {"lr": lr}, epochs=3, seed=seed) for seed in (0, 1) for lr in (0.1, 0.2)
    ]
    files = draw(trials, tmp_path / "lr")
    assert {file.name for file in files if file.suffix == ".svg"} == {
        "lr.svg",
        "lr_confusion.svg",
        "lr_roc.svg",
    }


def test_numbers_are_drawn_in_their_order(draw, trial, tmp_path):
    draw([trial(tmp_path, {"C": C}) for C in (1.0, 0.01, 10)], tmp_path / "C")
    text = (tmp_path / "C_confusion.svg").read_text()
    assert text.index("C=0.01") < text.index("C=1.0") < text.index("C=10")


def test_what_the_network_said_before_training_comes_first(draw, trial, tmp_path):
    one = trial(tmp_path, {"head": "linear"})
    matrix = np.array([[5, 0, 0, 15], [0, 0, 0, 20], [0, 1, 19, 0]])
    Confusion(CLASSES, (*CLASSES, "other"), matrix).save(one.folder, before=True)
    draw([one], tmp_path / "head", varied=("head",))
    text = (tmp_path / "head_confusion.svg").read_text()
    assert text.index("before training") < text.index("head=linear") and "other" in text


def test_a_trial_that_left_no_predictions_has_only_its_curves(draw, ended, tmp_path):
    lines = [{"epoch": e, "train/loss": 1.0} for e in (1, 2)]
    bare = ended({"x": 1}, 0, lines, tmp_path)
    assert {file.name for file in draw([bare], tmp_path / "x")} == {"x.svg", "x.png"}


def test_of_controls_only_the_learning_is_drawn(draw, trial, tmp_path):
    controls = [
        trial(tmp_path, {"control": name}, epochs=2) for name in ("one_batch", "shuffled_labels")
    ]
    files = draw(controls, tmp_path / "x", varied=("control",))
    assert {file.name for file in files} == {"x.svg", "x.png"}
    assert "control=one_batch" in (tmp_path / "x.svg").read_text()


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


@pytest.fixture
def asked(monkeypatch):
    """What pictures of updates were asked for, instead of drawing them."""
    given = []
    monkeypatch.setattr(update_figures, "draw", lambda *more: given.append(more) or [])
    return given


def test_what_is_drawn_of_one_trial_is_of_a_seed_that_all_variants_have(
    draw, trial, asked, tmp_path
):
    """Seed 0 of the first variant has failed: its seed 1 stands beside the other's seed 1."""
    trials = [
        trial(tmp_path, {"lr": lr}, seed=seed)
        for lr, seed in ((0.1, 1), (0.1, 2), (0.2, 0), (0.2, 1))
    ]
    draw(trials, tmp_path / "lr")
    assert [part for *_, part in asked] == [[part] for part in update_figures.PARTS]
    _, folders, *_ = asked[0]
    assert [folder.name for folder in folders.values()] == ["lr=0.1 1", "lr=0.2 1"]


def test_updates_are_drawn_of_the_first_seed_of_each_variant(draw, trial, asked, tmp_path):
    trials = [trial(tmp_path, {"lr": lr}, seed=seed) for seed in (0, 1) for lr in (0.1, 0.2)]
    draw(trials, tmp_path / "x")
    folders = {"lr=0.1": tmp_path / "lr=0.1 0", "lr=0.2": tmp_path / "lr=0.2 0"}
    assert [given[:3] for given in asked] == 4 * [("toy: s", folders, tmp_path / "x")]


RATES = [("sgd", 0.1), ("sgd", 0.01), ("adam", 0.01), ("adam", 0.001)]


@pytest.fixture
def tuned(ended):
    """A seed each of two optimizers at every rate; accuracies: of validation at the end."""

    def make(place, rates, accuracies):
        found = []
        for (name, rate), accuracy in zip(rates, accuracies, strict=True):
            timed = {"train/steps": 3, "time/train_seconds": 1}
            lines = [{"epoch": e, "val/accuracy": accuracy * e / 2, **timed} for e in (1, 2)]
            lines.append({"epoch": 2, "test/accuracy": accuracy - 0.1})
            settings = {"optimizer": name, "lr": rate}
            found.append(ended(settings, 0, lines, place / f"{name} {rate}"))
        return found

    return make


@pytest.fixture
def captured(monkeypatch):
    """The variants that curves were asked for, by the name of the file."""
    found = {}

    def keep(variants, title, path, *more, **named):
        found[path.name] = variants
        return []

    monkeypatch.setattr(figures, "curves", keep)
    return found


BOTH = ("optimizer", "lr")


def test_a_tuned_setting_is_drawn_at_the_own_value_of_each_variant(draw, tuned, captured, tmp_path):
    trials = tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7))
    files = draw(trials, tmp_path / "x", BOTH, tune_each="lr")
    assert {file.name for file in files} == {"x_sensitivity.svg", "x_sensitivity.png"}
    own = ["optimizer=sgd (lr=0.1)", "optimizer=adam (lr=0.001)"]
    assert {name: list(variants) for name, variants in captured.items()} == {
        "x": own,
        "x_steps": own,
        "x_seconds": own,
    }
    assert captured["x"]["optimizer=adam (lr=0.001)"] == [trials[3].lines]


def test_the_smallest_is_best_with_mode_min(draw, tuned, captured, tmp_path):
    trials = tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7))
    draw(trials, tmp_path / "x", BOTH, tune_each="lr", mode="min")
    assert list(captured["x"]) == ["optimizer=sgd (lr=0.01)", "optimizer=adam (lr=0.01)"]


def test_where_only_the_tuned_setting_varies_there_is_one_variant(draw, tuned, captured, tmp_path):
    draw(tuned(tmp_path, RATES[:2], (0.6, 0.8)), tmp_path / "x", BOTH, tune_each="lr")
    assert list(captured["x"]) == ["optimizer=sgd (lr=0.01)"]
    draw(tuned(tmp_path, RATES[:2], (0.6, 0.8)), tmp_path / "x", ("lr",), tune_each="lr")
    assert list(captured["x"]) == ["(lr=0.01)"]


@pytest.mark.parametrize(
    "how", [{}, {"tune_each": "batch_size"}, {"tune_each": "lr", "metric": "x/y"}]
)
def test_without_a_tuned_setting_that_varies_and_is_measured_all_variants_are_drawn(
    how, draw, tuned, captured, tmp_path
):
    files = draw(tuned(tmp_path, RATES, (0.8, 0.6, 0.5, 0.7)), tmp_path / "x", BOTH, **how)
    assert files == []
    assert len(captured["x"]) == 4


def test_a_variant_that_two_sweeps_share_is_called_after_what_each_varies(
    made_run, ended, captured, tmp_path
):
    lines = [{"epoch": e, "val/accuracy": 0.5} for e in (1, 2)]
    shared, other = (
        replace(ended({"x": x, "lr": 0.1}, 0, lines, tmp_path / str(x)), sweeps=sweeps)
        for x, sweeps in ((1, ("lr", "x")), (2, ("x",)))
    )
    run = made_run([shared, other], sweeps={"lr": ("lr",), "x": ("x",)})
    for sweep in run.sweeps:
        for job in pictures.jobs(reading(run), sweep, tmp_path / sweep):
            job()
    assert {name: list(v) for name, v in captured.items()} == {
        "lr": ["lr=0.1"],
        "x": ["x=1", "x=2"],
    }


def test_a_heat_map_is_of_the_outcome_and_only_of_shares(draw, ended, tmp_path):
    def of(metric):
        place = tmp_path / metric.replace("/", "_")
        trials = [
            ended({"kernel": k, "scaling": s}, 0, [{"epoch": 1, metric: 0.5}], place)
            for k in "ab"
            for s in "cd"
        ]
        return {file.name for file in draw(trials, place, metric=metric)}

    assert of("val/macro_f1") == {"val_macro_f1_heat.svg", "val_macro_f1_heat.png"}
    assert "s: validation macro f1" in (tmp_path / "val_macro_f1_heat.svg").read_text()
    assert of("val/rmse") == set()


def test_a_job_is_data_that_another_process_can_take(made_run, grid, tmp_path):
    trials = grid(tmp_path)
    styles = {trial.key: looks.look(place) for place, trial in enumerate(trials)}
    run = made_run(trials, sweeps={"s": ("kernel", "scaling")})
    made = pictures.jobs(reading(run), "s", tmp_path / "x", styles)
    again = pickle.loads(pickle.dumps(made))
    assert [job() for job in again] == [job() for job in made]
