"""A finished study in MLflow's UI: its runs, a comparison, the report among the artifacts."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def open_runs(ui, server):
    """From MLflow's list of experiments to the study's runs, the way a reader goes."""
    ui.goto(f"{server}#/experiments")
    ui.get_by_text("Model training", exact=True).click()
    ui.get_by_role("link", name="q3_betas", exact=True).click()


def row(ui, name):
    """The row of a run or metric; of a run, MLflow has its further columns in another one."""
    return ui.get_by_role("row").filter(has=ui.get_by_role("link", name=name, exact=True))


def unfold_runs(ui, finished):
    parent = row(ui, finished.study["run"])
    expect(parent).to_be_visible()
    parent.get_by_role("button").first.click()


def test_mlflow_lists_the_study_its_run_and_below_it_every_trial(ui, server, finished):
    open_runs(ui, server)
    unfold_runs(ui, finished)
    for name in finished.names.values():
        expect(row(ui, name)).to_be_visible()


def test_mlflow_compares_two_trials(ui, server, finished):
    open_runs(ui, server)
    unfold_runs(ui, finished)
    for name in ("beta1=0.0 seed=0", "beta1=0.99 seed=0"):
        row(ui, name).get_by_role("checkbox").first.click()
    ui.get_by_role("button", name="Compare", exact=True).click()
    expect(ui.get_by_role("heading", name="Comparing 2 Runs")).to_be_visible()
    varied = ui.get_by_role("row").filter(has=ui.get_by_role("rowheader", name="beta1", exact=True))
    expect(varied).to_contain_text("0.99")
    assert sorted(varied.get_by_role("cell").all_inner_texts()) == ["0.0", "0.99"]


def test_mlflow_shows_the_report_among_the_runs_artifacts(ui, server, finished):
    recorded = finished.recorded
    run = f"#/experiments/{recorded['experiment_id']}/runs/{recorded['parent']}"
    ui.goto(f"{server}{run}")
    ui.get_by_role("tab", name="Artifacts").click()
    ui.get_by_text("report.html").click()
    shown = ui.frame_locator("iframe")
    heading = shown.get_by_role("heading", level=1)
    expect(heading).to_have_text(finished.study["question"])
    assert shown.locator("img").first.evaluate("one => one.decode().then(() => one.naturalWidth)")


def test_a_trial_in_mlflow_has_its_numbers_and_its_audit(ui, server, finished):
    name = "beta1=0.99 seed=0"
    ui.goto(
        f"{server}#/experiments/{finished.recorded['experiment_id']}/runs/{finished.trial(name)}"
    )
    expect(ui.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(ui.get_by_text("study.audit")).to_be_visible()
    ui.get_by_placeholder("Search metrics").fill("val/accuracy")
    lines = (
        (finished.run / "trials" / finished.key(name) / "metrics.jsonl").read_text().splitlines()
    )
    last = [x["val/accuracy"] for x in map(json.loads, lines) if "val/accuracy" in x][-1]
    shown = row(ui, "val/accuracy")
    expect(shown).to_contain_text(f"{last:.6f}"[:-1])
