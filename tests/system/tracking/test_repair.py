"""Whatever is missing, other or too much in MLflow is found, and mended once."""

import json
from pathlib import Path

import pytest
from mlflow.entities import Dataset, DatasetInput, Metric

from service.reconcile import differences
from service.tracking.address import parse
from service.tracking.projection import publish

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def artifacts(client, run_id, folder=None):
    for one in client.list_artifacts(run_id, folder):
        yield from (
            artifacts(client, run_id, one.path) if one.is_dir else [(one.path, one.file_size)]
        )


def history(client, run, name):
    rows = client.get_metric_history(run.info.run_id, name)
    return sorted((row.step, row.value, row.timestamp) for row in rows)


def snapshot(made, uri):
    """All that MLflow holds of a run, ids and all."""
    client, parents, nested = made.recorded(uri)
    return {
        run.info.run_id: (
            run.to_dictionary(),
            {name: history(client, run, name) for name in run.data.metrics},
            sorted(artifacts(client, run.info.run_id)),
        )
        for run in (*parents, *nested)
    }


@pytest.fixture(
    params=["an SQLite file", "a server on SQLite", "a server on PostgreSQL", "PostgreSQL"]
)
def uri(request, made, tmp_path):
    """Where a run of four trials stands whole."""
    where = request.param
    if where == "an SQLite file":
        uri = f"sqlite:///{tmp_path}/own.db"
    elif where == "PostgreSQL":
        database = request.getfixturevalue("postgres")
        request.getfixturevalue("server")("postgres")  # has set it up
        uri = database.replace("postgresql://", "postgresql+psycopg://")
    else:
        uri = request.getfixturevalue("server")("sqlite" if "SQLite" in where else "postgres")
    made.train(0, 1, 2, 3)
    made.conclude()
    publish(made.folder, parse(uri))
    return uri


def test_everything_that_differs_is_found_and_mended_once(made, uri, tmp_path):
    assert differences(made.folder, uri) == []
    client, (parent,), nested = made.recorded(uri)
    first, second, third, fourth = sorted(nested, key=lambda run: run.info.run_name)
    empty = tmp_path / "metrics.csv"
    empty.write_bytes(b"")
    (tmp_path / "results.csv").write_bytes(b"")
    (tmp_path / "settings.json").write_bytes(b"")
    ids = [run.info.run_id for run in (parent, first, second, third, fourth)]

    client.log_artifact(ids[0], str(tmp_path / "results.csv"))
    client.log_artifact(ids[0], str(empty))
    client.set_tag(ids[0], "study.question", "Another?")
    client.update_run(ids[0], status="RUNNING")
    client.log_artifact(ids[1], str(tmp_path / "settings.json"))
    client.set_tag(ids[1], "study.seed", "7")
    client.update_run(ids[1], name="else")
    client.log_batch(ids[2], [Metric("val/loss", 9.0, 1, 9)])
    client.log_metric(ids[2], "extra", 1.0)
    client.log_param(ids[3], "more", "x")
    client.set_tag(ids[3], "study.audit", "all is well")
    client.delete_run(ids[4])
    experiment = parent.info.experiment_id
    tags = {k: v for k, v in third.data.tags.items() if k.startswith(("study.", "mlflow.parent"))}
    client.create_run(experiment, tags=tags)
    client.create_run(experiment, tags=tags | {"study.trial_key": "of-no-trial"}, run_name="stray")
    client.create_run(experiment, tags={"study.run": made.folder.name, "study.parent": "yes"})

    text = "\n".join(differences(made.folder, uri))
    for said in (
        "The run has 2 parent runs in MLflow instead of 1.",
        f"{third.info.run_name}: 2 MLflow runs instead of 1.",
        f"{fourth.info.run_name}: 0 MLflow runs instead of 1.",
        "stray: an MLflow run of no trial that has begun.",
        f"{first.info.run_name}: settings.json has 0 bytes in MLflow instead of",
        f"{first.info.run_name}: its name is else.",
        f"{first.info.run_name}: its tag study.seed is 7 instead of 0.",
        f"{second.info.run_name}: val/loss has 4 values in MLflow, not the run's 3.",
        f"{second.info.run_name}: it has a metric extra that the run has not.",
    ):
        assert said in text, text
    publish(made.folder, parse(uri))
    assert differences(made.folder, uri) == []
    before = snapshot(made, uri)
    assert len(before) == 5
    publish(made.folder, parse(uri))
    assert snapshot(made, uri) == before


def test_what_only_the_parent_lacks_is_found(made, uri, tmp_path):
    client, (parent,), _ = made.recorded(uri)
    run_id = parent.info.run_id
    (tmp_path / "results.csv").write_bytes(b"")
    (tmp_path / "stray.txt").write_bytes(b"")
    client.log_artifact(run_id, str(tmp_path / "results.csv"))
    client.log_artifact(run_id, str(tmp_path / "stray.txt"), "figures")
    client.set_tag(run_id, "study.question", "Another?")
    client.set_tag(run_id, "study.claim.none", "supported")
    client.set_tag(run_id, "mlflow.note.content", "My own words.")
    client.set_tag(run_id, "mine", "stays")
    client.update_run(run_id, status="RUNNING")
    dataset = Dataset("others", "def", "local", "{}")
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, [])])
    text = "\n".join(differences(made.folder, uri))
    for said in (
        "results.csv has 0 bytes in MLflow instead of",
        "it has a file figures/stray.txt that the run has not.",
        "its tag study.question is Another? instead of Which?.",
        "it has a tag study.claim.none that the run has not.",
        "its status is RUNNING instead of FINISHED.",
        "it has a dataset others (def) that the run has not.",
    ):
        assert f"The parent run: {said}" in text, text
    assert "note" not in text and "mine" not in text  # a person's
    publish(made.folder, parse(uri))
    assert differences(made.folder, uri) == []
    _, _, nested = made.recorded(uri)
    tracked = json.loads((made.folder.path / "mlflow.json").read_text())
    assert sorted(tracked["runs"].values()) == sorted(run.info.run_id for run in nested)


def test_artifacts_that_no_server_takes_lie_beside_the_runs(made, postgres, server, monkeypatch):
    server("postgres")  # has set it up
    monkeypatch.chdir(made.folder.path.parent)
    made.train(0)
    made.conclude()
    publish(made.folder, parse(postgres))
    assert not Path("mlruns").exists()
    assert list((made.folder.path.parents[1] / "mlartifacts").rglob("results.csv"))
    assert differences(made.folder, postgres) == []
