"""What MLflow holds after projecting a run folder: everything committed, once."""

import json
import math
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from claims import Claim, below
from claims.measures import Last
from reports.reading import reading
from runs.artifacts import Seen, Split
from runs.folder import RunFolder
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.publish import main
from service.publisher import Publisher
from service.reconcile import differences
from service.report import build
from service.study import Study
from service.tracking.address import parse
from service.tracking.projection import Projection
from service.tracking.projection import publish as published
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    lr: float = 0.1
    epochs: int = 3


def train(settings, trial):
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        value = math.nan if settings.lr == 9 and epoch == 2 else settings.lr / epoch
        yield Epoch({"val/loss": value}, {"epoch": epoch})
    yield Epoch({"test/loss": settings.lr}, None)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def run(tmp_path):
    """A run of two trials, none started; one of them will diverge."""
    sweeps = {"lr": {"lr": {"grid_search": [0.1, 9.0]}}}
    lower = below("lr", {"lr": 0.1}, {"lr": 9.0}, Last(metric="test/loss"))
    claims = [Claim(id="lower", says="?", test=lower)]
    study = Study("toy", "Which?", train, Toy(), sweeps, "val/loss", "min", claims=claims)
    plan, folder = (
        plan_run(study, options_from({"seeds": 1}), {}),
        RunFolder.create(tmp_path, "toy"),
    )
    # A name of its own: runs of the same second in other folders share the store.
    folder = RunFolder(folder.path.rename(folder.path.with_name(tmp_path.name)))
    plan.write(
        folder, {"dataset": {"name": "toys", "fingerprint": "abc", "counts": {"train": 1}}}, ""
    )
    folder.specs = plan.trials
    return folder


def publish(run, uri):
    published(run, parse(uri))


def start(run, number=0):
    spec = run.specs[number]
    how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "min"}
    return run_trial(train, spec.settings, run.trial(spec.key).path, **how)


def recorded(run, store):
    """(client, parents, nested runs by key) of this run."""
    client = MlflowClient(store)
    experiment = client.get_experiment_by_name("toy").experiment_id
    runs = client.search_runs([experiment], f"tags.`study.run` = '{run.name}'")
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    return (
        client,
        parents,
        {r.data.tags.get("study.trial_key"): r for r in runs if r not in parents},
    )


def history(client, run, name="val/loss"):
    rows = client.get_metric_history(run.info.run_id, name)
    return [(row.step, row.value) for row in rows]


def test_publishing_twice_from_two_processes_worth_of_state_adds_nothing(run, store):
    list(start(run))
    publish(run, store)
    publish(run, store)
    client, parents, nested = recorded(run, store)
    assert [p.info.run_name for p in parents] == [run.name]
    assert parents[0].data.tags["study.data_fingerprint"] == "abc"
    (trial,) = nested.values()
    for run_there in (parents[0], trial):
        (data,) = run_there.inputs.dataset_inputs
        assert (data.dataset.name, data.dataset.digest) == ("toys", "abc")
    assert trial.info.run_name == "lr=0.1 seed=0"
    assert trial.data.params == {"lr": "0.1", "epochs": "3", "seed": "0"}
    assert history(client, trial) == [(1, 0.1), (2, 0.05), (3, 0.1 / 3)]
    assert differences(run, store) == []


def test_the_page_is_an_artifact_and_links_to_the_runs_and_they_say_what_the_audit_found(
    run, store
):
    list(start(run))
    folder = run.trial(run.specs[0].key).path
    seen = {"size": [8, 8], "per_class": [5, 5]}
    both = {"train": seen, "val": seen, "test": seen, "shared": 3}
    (folder / "seen.json").write_text(json.dumps(both))
    run.write_results()
    study = json.loads((run.path / "study.json").read_text()) | {"tracking_uri": store}
    (run.path / "study.json").write_text(json.dumps(study))
    build(run)  # before MLflow knows of it, as where the server is away
    publish(run, store)
    client, (parent,), nested = recorded(run, store)
    (trial,) = nested.values()
    for tag in ("study.audit", "mlflow.note.content"):
        assert "3 of 10 test images are also in train" in trial.data.tags[tag]
    tags = parent.data.tags
    assert tags["study.claim.lower"] == "not tested"
    assert tags["study.claim.lower.declared"] == "registered"
    assert client.get_experiment(parent.info.experiment_id).tags["mlflow.note.content"] == "Which?"
    (first, *_) = run.trial(run.specs[0].key).lines
    began = first["timestamp"] - 1000 * first["time/seconds"]
    assert trial.info.start_time == pytest.approx(began, abs=1)
    names = [artifact.path for artifact in client.list_artifacts(parent.info.run_id)]
    assert {"report.html", "results.csv", "figures"} <= set(names)
    copy = Path(client.download_artifacts(parent.info.run_id, "report.html"))
    html = copy.read_text()
    place = f"experiments/{parent.info.experiment_id}/runs"
    assert f"{place}/{trial.info.run_id}" in html and f"{place}/{parent.info.run_id}" in html
    assert html == (run.path / "report.html").read_text()


def test_a_line_that_a_killed_trial_will_repeat_is_not_sent(run, store):
    first = start(run)
    next(first)
    first.close()
    folder = run.trial(run.specs[0].key)
    with (folder.path / "metrics.jsonl").open("a") as file:  # killed before its checkpoint
        file.write(json.dumps({"epoch": 2, "timestamp": 1, "val/loss": 0.7}) + "\n")
    projection = Projection(run, parse(store))
    projection.sync()
    client, _, nested = recorded(run, store)
    assert history(client, nested[folder.path.name]) == [(1, 0.1)]
    list(start(run))
    projection.sync()
    read = reading(run.read())
    projection.close_trials(read)
    projection.close_run(read)
    assert history(client, nested[folder.path.name]) == [(1, 0.1), (2, 0.05), (3, 0.1 / 3)]


def test_nan_never_reaches_mlflow_and_divergence_is_a_failure_with_its_reason(run, store):
    list(start(run, 1))
    ending = run.trial(run.specs[1].key).ending
    assert (ending.status, ending.diverged, ending.epochs) == ("failed", True, 1)
    list(start(run))
    publish(run, store)
    client, parents, nested = recorded(run, store)
    trial = nested[run.specs[1].key]
    assert (trial.info.status, parents[0].info.status) == ("FAILED", "FAILED")
    assert trial.data.tags["study.reason"] == "diverged: val/loss is nan in epoch 2"
    assert trial.data.params["lr"] == "9.0"
    assert history(client, trial) == [(1, 9.0)]


def test_a_setting_that_says_where_things_lie_may_change_between_publications(run, store):
    list(start(run))
    publish(run, store)
    study = json.loads((run.path / "study.json").read_text())
    study["trials"][0]["settings"]["lr"] = 0.2
    (run.path / "study.json").write_text(json.dumps(study))
    assert "lr=0.2 seed=0: lr is 0.1 instead of 0.2." in differences(run, store)
    publish(run, store)  # MLflow refuses to change a param: the run is sent anew
    assert differences(run, store) == []


def test_a_trial_that_did_not_end_is_closed_as_stopped_and_opened_again(run, store):
    first = start(run)
    next(first)
    first.close()
    publish(run, store)
    _, parents, nested = recorded(run, store)
    assert [r.info.status for r in (*parents, *nested.values())] == ["KILLED", "KILLED"]
    list(start(run))
    list(start(run, 1))
    publish(run, store)
    _, parents, nested = recorded(run, store)
    assert sorted(r.info.status for r in nested.values()) == ["FAILED", "FINISHED"]
    assert parents[0].info.status == "FAILED"


def test_a_relative_sqlite_file_is_one_place_wherever_it_is_used_from(run, monkeypatch):
    monkeypatch.chdir(run.path)
    list(start(run))
    publish(run, "sqlite:///here.db")
    assert (run.path / "here.db").exists()
    monkeypatch.chdir("/")
    assert differences(run, f"sqlite:///{run.path}/here.db") == []


def test_differences_name_what_is_missing(run, store):
    list(start(run))
    assert differences(run, store) == ["The run has 0 parent runs in MLflow instead of 1."]
    publish(run, store)
    trial = TrialFolder(run.trial(run.specs[0].key).path)
    (trial.path / "later.png").write_bytes(b"")
    trial.append({"epoch": 3, "timestamp": 5, "test/other": 1.0})
    trial.recount()
    assert differences(run, store) == [
        "lr=0.1 seed=0: test/other has 0 values in MLflow, not the run's 1.",
        "lr=0.1 seed=0: later.png is missing.",
        "lr=0.1 seed=0: status.json has another content in MLflow.",
    ]


def test_a_run_without_a_place_in_mlflow_is_published_where_one_is_named(
    run, store, monkeypatch, capsys
):
    list(start(run))
    study = json.loads((run.path / "study.json").read_text()) | {"tracking_uri": None}
    (run.path / "study.json").write_text(json.dumps(study))
    monkeypatch.setattr(sys, "argv", ["publish", str(run.path)])
    assert main() == 2
    said = capsys.readouterr().err
    assert "is not recorded in MLflow; --tracking-uri says where" in said and said.count("\n") == 1
    build(run)
    monkeypatch.setattr(sys, "argv", ["publish", str(run.path), "--tracking-uri", store])
    assert main() == 0


@pytest.mark.parametrize("lost", ["results.json", "report.html"])
def test_a_run_that_lacks_something_itself_is_not_called_complete(
    run, store, monkeypatch, capsys, lost
):
    list(start(run))
    build(run)
    (run.path / lost).unlink()
    monkeypatch.setattr(sys, "argv", ["publish", str(run.path), "--tracking-uri", store])
    assert main() == 1
    said = capsys.readouterr().out
    assert f"lacks {lost}; make it with: python -m service.report {run.path}" in said
    assert not (run.path / lost).exists() and not run.tracked.complete
    build(run)
    assert main() == 0 and run.tracked.complete


def test_a_publisher_follows_a_run_and_sends_the_rest_when_it_closes(run, store):
    publisher = Publisher(run, parse(store))
    for number in (0, 1):
        for _ in start(run, number):
            publisher.notify()
    assert publisher.close(reading(run.read()), timeout=60)
    _, parents, nested = recorded(run, store)
    assert parents[0].info.status == "FAILED"
    assert len(nested) == 2
    assert differences(run, store) == []


def test_a_publisher_without_a_server_neither_blocks_nor_raises(run):
    publisher = Publisher(run, parse("http://127.0.0.1:9"))
    began = time.monotonic()
    for _ in start(run):
        publisher.notify()
    assert time.monotonic() - began < 5
    while publisher.error is None:
        time.sleep(0.05)
    assert not publisher.close(reading(run.read()), timeout=0.1)
    publisher._thread.join(60)  # it does not try for ever
    assert not publisher._thread.is_alive()


def test_a_bundled_run_has_the_record_that_its_folders_would_have(run, store):
    list(start(run))
    list(start(run, 1))
    key = run.specs[0].key
    Seen(Split((8, 8), (5, 5)), Split((8, 8), (5, 5)), Split((8, 8), (5, 5)), 0).save(
        run.trial(key).place
    )
    build(run)
    page = (run.path / "report.html").read_bytes()
    files = {file.name for file in run.trial(key).place.iterdir() if file.suffix == ".json"}
    seen = (run.trial(key).place / "seen.json").read_bytes()
    run.pack()
    publish(run, store)
    publish(run, store)
    assert differences(run, store) == []
    client, _, nested = recorded(run, store)
    trial = nested[key]
    assert {artifact.path for artifact in client.list_artifacts(trial.info.run_id)} == files
    copy = client.download_artifacts(trial.info.run_id, "seen.json")
    assert Path(copy).read_bytes() == seen
    assert history(client, trial) == [(1, 0.1), (2, 0.05), (3, 0.1 / 3)]
    # It may have pictures of what was not kept, which could not be drawn again.
    assert (run.path / "report.html").read_bytes() == page and run.bundled


def test_runs_are_found_on_every_page_of_a_listing(run, store, monkeypatch):
    monkeypatch.setattr("service.tracking.store.RUNS_A_CALL", 1)
    for number in (0, 1):
        list(start(run, number))
    publish(run, store)
    publish(run, store)
    _, parents, nested = recorded(run, store)
    assert (len(parents), len(nested)) == (1, 2)
    assert differences(run, store) == []


def test_a_pass_reads_only_trials_that_changed_and_the_study_once(run, store, monkeypatch):
    list(start(run))
    projection = Projection(run, parse(store))
    projection.sync()
    read = []
    trial_of, study_of = RunFolder.trial, RunFolder.study.fget
    monkeypatch.setattr(RunFolder, "trial", lambda s, key: read.append(key) or trial_of(s, key))
    monkeypatch.setattr(RunFolder, "study", property(lambda s: read.append("") or study_of(s)))
    key = run.specs[1].key
    list(start(run, 1))
    read.clear()
    projection.sync([key])
    assert set(read) == {key}
    _, _, nested = recorded(run, store)
    assert nested[key].info.status == "FAILED"


def test_the_reason_of_a_failure_is_sent_and_its_traceback_is_not(run, store):
    folder = run.trial(run.specs[0].key)
    (folder.place / "error.txt").write_text("10.0.0.7 /home/someone\n")
    folder.end("failed", "no such luck")
    publish(run, store)
    client, _, nested = recorded(run, store)
    (trial,) = nested.values()
    assert trial.data.tags["study.reason"] == "no such luck"
    names = {one.path for one in client.list_artifacts(trial.info.run_id)}
    assert "settings.json" in names and "error.txt" not in names


def test_a_record_is_not_complete_while_a_run_goes_on(run, store):
    list(start(run))
    publish(run, store)
    assert run.tracked.complete
    publisher = Publisher(run, parse("http://127.0.0.1:9"), say=lambda sentence: None)
    assert not run.tracked.complete  # whether or not MLflow is there
    assert not publisher.close(reading(run.read()), timeout=0.1)
