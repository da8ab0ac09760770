"""The commands that a user types, as subprocesses, on digits."""

import json
import os
import subprocess
import sys

import pytest

from runs.folder import RunFolder

SMOKE = ["--smoke", "--only", "loss"]


def study(tmp_path, *words, module="studies.q2_losses"):
    env = {**os.environ, "STUDIES_DATA_DIR": str(tmp_path / "data")}
    env.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    done = study(place, *SMOKE)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (place / "outputs" / "q2_losses").glob("2*")
    return place, run, done


def test_a_run_ends_with_a_table_and_results(finished):
    _, run, done = finished
    results = json.loads((run / "results.json").read_text())
    assert [t["status"] for t in results["trials"]] == ["finished", "finished"]
    assert results["dataset"]["name"] == "digits" and results["dataset"]["fingerprint"]
    called = {variant.name for variant in RunFolder(run).read().variants}
    assert called == {"loss=cross_entropy", "loss=triplet"}
    assert all(name in done.stdout for name in called)
    for trial in results["trials"]:
        assert 0 <= trial["metrics"]["test/accuracy"] <= 1
        assert (run / "trials" / trial["key"] / "predictions.npz").exists()
        assert (run / "trials" / trial["key"] / "embeddings.npz").exists()
    assert (run / "results.csv").read_text().count("\n") == 3
    assert list((run / "figures").glob("*.svg"))


def test_mlflow_holds_what_the_run_folder_holds(finished):
    from mlflow import MlflowClient

    place, run, _ = finished
    client = MlflowClient(f"sqlite:///{place}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("q2_losses")
    runs = client.search_runs([experiment.experiment_id])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    nested = {r.data.tags["study.trial_key"]: r for r in runs if r not in parents}
    assert [p.info.run_name for p in parents] == [run.name]
    results, names = json.loads((run / "results.json").read_text())["trials"], names_in(run)
    assert set(nested) == {t["key"] for t in results}
    for trial in results:
        one = nested[trial["key"]]
        assert one.info.run_name == names[trial["key"]]
        assert one.info.status == "FINISHED"
        assert one.data.tags["mlflow.parentRunId"] == parents[0].info.run_id
        assert one.data.metrics == trial["metrics"]
        assert one.data.params["loss"] == trial["settings"]["loss"]
        kept = {a.path for a in client.list_artifacts(one.info.run_id)}
        assert {"predictions.npz", "embeddings.npz", "settings.json"} <= kept
        lines = (run / "trials" / trial["key"] / "metrics.jsonl").read_text().splitlines()
        curve = [json.loads(x) for x in lines if "val/loss" in x]
        history = client.get_metric_history(one.info.run_id, "val/loss")
        assert [(h.step, h.value) for h in history] == [(x["epoch"], x["val/loss"]) for x in curve]


def names_in(run):
    """What people call the trials of a run, by key."""
    read = RunFolder(run).read()
    return {trial.key: read.name(trial) for trial in read.trials}


def test_resume_of_a_finished_run_has_nothing_to_do(finished):
    place, _, _ = finished
    done = study(place, "--resume")
    assert done.returncode == 0
    assert "Nothing is left" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--loss", "cross_entropy", "triplet"], "Nothing is left"),
        (["--epochs", "1", "--lr", "2e-2"], "Nothing is left"),
        (["--loss", "cross_entropy"], "contradicts"),
        (["--seeds", "0"], "seeds"),
    ],
)
def test_resume_compares_what_options_mean(finished, words, said):
    place, _, _ = finished
    done = study(place, "--resume", *words)
    assert done.returncode == (0 if said == "Nothing is left" else 2), done.stderr
    assert said in done.stdout + done.stderr


def test_resume_refuses_an_option_that_contradicts_the_run(finished):
    place, _, _ = finished
    done = study(place, "--resume", "--epochs", "7")
    assert done.returncode == 2
    assert "contradicts" in done.stderr


def test_a_run_whose_driver_is_alive_is_left_alone(finished):
    place, run, _ = finished
    lock = RunFolder(run).lock()
    try:
        done = study(place, "--resume")
    finally:
        lock.release()
    assert done.returncode == 2
    assert done.stderr == f"{run} is being run by another process.\n"


def test_publish_check_finds_a_complete_record(finished):
    place, run, _ = finished
    done = study(place, "--check", str(run), module="service.publish")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dry_run_lists_every_trial_without_data(tmp_path):
    done = study(tmp_path, "--smoke", "--dry-run", "--seeds", "2")
    assert done.returncode == 0
    assert "20 trials" in done.stdout
    assert "At most" in done.stdout
    assert not (tmp_path / "outputs").exists()


def test_a_dry_run_of_a_published_data_set_reads_and_downloads_nothing(tmp_path):
    done = study(tmp_path, "--dry-run", "--only", "loss", "--seeds", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 trials" in done.stdout
    assert not list(tmp_path.iterdir())


def test_the_studies_are_listed(tmp_path):
    done = study(tmp_path, module="studies")
    assert done.returncode == 0
    assert "q2_losses" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epohs", "3"], "did you mean --epochs?"),
        (["--only", "los"], "did you mean loss?"),
        (["--smoke", "--epochs", "0"], "epochs"),
        (["--smoke", "--lr", "-1"], "lr"),
        (["--smoke", "--loss", "cosine"], "loss"),
        (["--smoke", "--only", "loss", "--loss", "center", "--margin", "0.3"], "changes nothing"),
        (["--smoke", "--weights", "none-such.pth"], "weights"),
        (["--smoke", "--dataset", "folder:none-such"], "none-such"),
        (["--smoke", "--dataset", "digit"], "did you mean digits"),
        (["--smoke", "--classes", "first:2"], "classes_per_batch"),
        (["--smoke", "--images-per-class", "1000000"], "images_per_class"),
        (["--smoke", "--gpus-per-trial", "1.5"], "gpus"),
        (["--resume", "none-such"], "no run"),
        (["--smoke", "--output", "/proc/none-such"], "cannot be written"),
        (["--epochs"], "needs a value"),
        (["--smoke", "--debug", "--output", "/proc/none-such"], "cannot be written"),
        (["--smoke", "--address", "nowhere"], "No Ray cluster answers at nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(tmp_path, words, said):
    done = study(tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_study_is_one_sentence_and_status_2(tmp_path):
    done = study(tmp_path, module="studies.q2_loses")
    assert done.returncode == 2
    assert done.stderr.strip() == "There is no study 'q2_loses'; did you mean q2_losses?"


def test_a_debugged_trial_gives_the_numbers_of_the_scheduled_one(finished):
    place, run, _ = finished
    for trial in json.loads((run / "results.json").read_text())["trials"]:
        done = study(place, *SMOKE, "--debug", "--trial", trial["key"])
        assert done.returncode == 0, done.stderr
        debugged = place / "outputs" / "q2_losses" / ".debug" / trial["key"]
        assert numbers(debugged) == numbers(run / "trials" / trial["key"])


def numbers(folder):
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in x.items() if k != "timestamp" and k[:5] != "time/"} for x in lines]
