"""A run some of whose files are damaged: a sentence, and whatever can be made again is."""

import json

import pytest

from runs.errors import UsageError
from runs.folder import RunFolder
from runs.record import StudyRecord, Tracked, TrialAsked

KEYS = ("first", "second")


@pytest.fixture
def run(tmp_path):
    """A run of two finished trials, with its results."""
    folder = RunFolder(tmp_path / "toy" / "then")
    asked = [TrialAsked(key=k, seed=0, sweeps=("s",), settings={"x": k}) for k in KEYS]
    study = StudyRecord(study="toy", run="then", metric="val/x", trials=asked, sweeps={"s": ["x"]})
    for key in KEYS:
        (folder.path / "trials" / key).mkdir(parents=True)
        trial = folder.trial(key)
        trial.append({"epoch": 1, "val/x": 0.5})
        trial.append({"epoch": 1, "test/x": 0.25})
        trial.end("finished")
    (folder.path / "study.json").write_text(study.model_dump_json())
    folder.write_results()
    return folder


def spoil(run, name, content=b""):
    (run.path / name).write_bytes(content)


GARBAGE = [b"", b"{", b"[]", b"null", b"\0" * 20, b"\xff\xfe", b'{"format": 1}']


@pytest.mark.parametrize("content", GARBAGE)
def test_a_damaged_study_json_is_a_sentence(run, content):
    spoil(run, "study.json", content)
    for what in (run.trials, run.read, run.status, lambda: run.study):
        with pytest.raises(UsageError, match=r"then/study\.json is damaged") as why:
            what()
        assert "\n" not in str(why.value) and str(why.value).endswith(".")


@pytest.mark.parametrize("content", [*GARBAGE, b'{"trials": [1]}', b'{"trials": [{"key": 1}]}'])
def test_damaged_results_are_gathered_again(run, content):
    before = (run.path / "results.json").read_bytes()
    spoil(run, "results.json", content)
    assert not run.gathered
    assert [trial.metrics for trial in run.read().trials] == [{"val/x": 0.5, "test/x": 0.25}] * 2
    assert (run.path / "results.json").read_bytes() == before and run.gathered


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"runs": 1}'])
def test_a_damaged_record_of_mlflow_is_none(run, content):
    spoil(run, "mlflow.json", Tracked(parent="p").model_dump_json().encode())
    assert run.tracked.parent == "p"
    spoil(run, "mlflow.json", content)
    assert run.tracked is None


def without(entry):
    del entry["metrics"]["test/x"]


@pytest.mark.parametrize(
    "change",
    [
        lambda trials: trials.pop(),
        lambda trials: trials.append({**trials[0], "key": "third"}),
        lambda trials: trials[0].update(status="stopped"),
        lambda trials: trials[0].update(epochs=0),
        lambda trials: without(trials[1]),
    ],
)
def test_results_with_less_or_more_than_the_trials_left_are_gathered_again(run, change):
    before = (run.path / "results.json").read_text()
    value = json.loads(before)
    change(value["trials"])
    spoil(run, "results.json", json.dumps(value).encode())
    assert not run.gathered
    run.read()
    assert (run.path / "results.json").read_text() == before


def test_a_trial_whose_lines_are_damaged_leaves_those_of_the_others(run):
    assert run.damage == []
    spoil(run, "trials/first/metrics.jsonl", b"\0\n")
    spoil(run, "trials/second/settings.json", b"\0")
    spoil(run, "trials/second/progress.json", b"\0")
    assert run.damage == [
        "x=first seed=0: metrics.jsonl has 1 lines instead of the 2 that the trial ended with; "
        "when the run is resumed, it starts over."
    ]
    read = run.read()
    assert [(trial.key, trial.status) for trial in read.trials] == [
        ("first", "stopped"), ("second", "finished"),
    ]  # fmt: skip
    assert run.status() == "stopped"


def test_the_last_run_is_not_an_older_one(run, tmp_path):
    dead = RunFolder.create(tmp_path, "toy")
    dead.path.rename(dead.path.with_name("zzz"))  # the last by name
    for name in ("", "latest", "toy/latest"):
        with pytest.raises(
            UsageError, match=r"zzz has no study\.json: the run ended while it was"
        ) as why:
            RunFolder.find(name, tmp_path, "toy")
        assert "--resume toy/then" in str(why.value) and "\n" not in str(why.value)
    with pytest.raises(UsageError, match=r"Start it again\.$"):
        RunFolder.find("toy/zzz", tmp_path, None)
    assert RunFolder.find("toy/then", tmp_path, None).path == run.path.resolve()
    # One that is being prepared now is another thing.
    lock = RunFolder(tmp_path / "toy" / "zzz").lock()
    with pytest.raises(UsageError, match="zzz is being run by another process"):
        RunFolder.find("latest", tmp_path, "toy")
    lock.release()
    # Started again, that is the last.
    (tmp_path / "toy" / "zzz").rename(tmp_path / "toy" / "aaa")
    assert RunFolder.find("", tmp_path, "toy").path == run.path.resolve()


def test_a_run_that_lost_its_study_json_is_not_called_unprepared(run, tmp_path):
    (run.path / "study.json").unlink()
    with pytest.raises(UsageError, match=r"has no study\.json, which says what the run consists"):
        RunFolder.find("toy/latest", tmp_path, None)


def test_folders_of_other_things_are_no_runs(run, tmp_path):
    (tmp_path / "toy" / ".debug" / "trials").mkdir(parents=True)
    (tmp_path / "toy" / "zzz").mkdir()
    assert RunFolder.find("", tmp_path, "toy").path == run.path.resolve()


def test_what_killed_processes_left_half_written_goes(run):
    (run.path / ".study.json.123").write_text("{")
    (run.path / ".mine").write_text("{")
    run.lock().release()
    assert not (run.path / ".study.json.123").exists() and (run.path / ".mine").exists()
