"""What README says of a run is a table of whatever it measured."""

import json

import pytest

from claims import Claim, below
from claims.measures import Last
from reports import markdown
from reports.reading import reading
from runs.folder import RunFolder
from runs.trial_folder import TrialFolder


@pytest.fixture
def read(made_run, made_trial):
    """The reading of a regression: three models, three seeds."""
    errors = {"mean": (80.0, 82.0, 84.0), "ridge": (54.0, 55.0, 56.0), "tree": (60.0, 61.0, 65.0)}
    trials = [
        made_trial({"model": model}, seed, metrics={"val/rmse": error, "test/rmse": error + 1})
        for model, of_seeds in errors.items()
        for seed, error in enumerate(of_seeds)
    ]
    return reading(made_run(trials, metric="val/rmse", mode="min", baseline={"model": "mean"}))


def test_a_table_has_the_metrics_of_a_trainable_of_ones_own(read):
    assert markdown.table(read).splitlines() == [
        "| variant | validation rmse | test rmse | n |",
        "|---|---|---|---|",
        "| model=mean | 82.0 ± 2.0 | 83.0 ± 2.0 | 3 |",
        "| model=ridge | 55.0 ± 1.0 | 56.0 ± 1.0 | 3 |",
        "| model=tree | 62.0 ± 2.6 | 63.0 ± 2.6 | 3 |",
    ]


def test_differences_are_in_the_metrics_own_unit(read):
    text = markdown.compared(read)
    assert text.startswith("Test rmse, less that of model=mean; intervals over 3 seeds only, ")
    assert "| model=ridge | -27" in text and "points" not in text and "accuracy" not in text


def test_a_trial_that_did_not_finish_has_a_line(made_run, made_trial):
    trials = [
        made_trial({"x": 1}, metrics={"val/rmse": 1.0}),
        made_trial({"x": 2}, status="failed"),
    ]
    lines = markdown.table(reading(made_run(trials, metric="val/rmse"))).splitlines()
    assert lines[-1] == "| x=2 seed=0 | failed: diverged | |"


def kept(place, name, errors, claims):
    """A kept run of one's own, with an error by seed for each of two models."""
    run = RunFolder(place / "own" / name)
    trials = [
        {"key": f"{model}{seed}", "seed": seed, "sweeps": ["model"], "settings": {"model": model}}
        for model in ("mean", "ridge")
        for seed in range(len(errors))
    ]
    study = {"format": 1, "study": "own", "run": name, "metric": "val/rmse", "mode": "min",
             "claims": claims, "sweeps": {"model": ["model"]}, "trials": trials,
             "inputs": {"dataset": {"name": "rows"}}}  # fmt: skip
    (run.path / "figures").mkdir(parents=True)
    (run.path / "study.json").write_text(json.dumps(study))
    for asked in trials:
        folder = TrialFolder(run.path / "trials" / asked["key"])
        folder.place.mkdir(parents=True)
        (folder.place / "settings.json").write_text(json.dumps(asked))
        error = errors[asked["seed"]] * (1 if asked["settings"]["model"] == "mean" else 0.5)
        folder.append({"epoch": 1, "val/rmse": error, "test/rmse": error})
        folder.end("finished")
    run.pack()
    return run


@pytest.fixture
def claims():
    lower = below("model", {"model": "ridge"}, {"model": "mean"}, Last(metric="test/rmse"))
    claim = Claim(id="own.lower", says="Ridge is nearer.", test=lower)
    return [claim.model_dump(mode="json")]


def test_a_claim_is_judged_by_the_run_with_most_seeds_of_those_that_test_it(tmp_path, claims):
    runs = [
        kept(tmp_path, "1", (80.0, 82.0, 84.0), claims),
        kept(tmp_path, "2", (50.0, 80.0), claims),
    ]
    table = markdown.claims_table([run.read() for run in runs], tmp_path)
    head, _, line = table.splitlines()
    assert head == "| claim | verdict | what decides it | run |"
    verdict = "supported (declared after this run)"
    assert line.startswith(f"| **own.lower** Ridge is nearer. | {verdict} | ")
    assert f"[rows]({tmp_path.name}/own/1/report.html)" in line


def test_the_list_of_kept_runs_shows_two_pictures_of_each_and_its_note(tmp_path, claims):
    run = kept(tmp_path, "1", (80.0, 82.0), claims)
    for name in ("forest.png", "model.svg", "model_roc.svg", "factors.svg"):
        (run.path / "figures" / name).touch()
    (run.path / "note.md").write_text("Something of note.\n")
    read = reading(run.read())
    assert markdown.shown(read.run) == ["forest", "model"]
    page = markdown.kept_runs([read], tmp_path)
    assert page.startswith("# Kept runs\n\n") and "## own: model\n\n[Its report]" in page
    assert page.endswith(
        "Something of note.\n\n![forest](own/1/figures/forest.png)\n\n"
        "![model](own/1/figures/model.svg)\n"
    )
    assert markdown.table(read) in page
