"""Killed processes, a dead tracking server, two runs at once: the commands of a user, on digits."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

LOSS = ["--smoke", "--only", "loss"]
LONGER = [*LOSS, "--epochs", "3", "--max-concurrent", "1"]  # the last trial gets a used actor


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place")


def start(place, *words, module="studies.q2_losses"):
    env = {**os.environ, "STUDIES_DATA_DIR": str(place / "data")}
    for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
        env.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=place,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that a test can interrupt all of it, as a terminal does
    )


def finish(process):
    text, _ = process.communicate(timeout=500)
    return process.returncode, text


def succeed(place, *words, **how):
    status, text = finish(start(place, *words, **how))
    assert status == 0, text
    return text


def only_run(output):
    (run,) = (output / "q2_losses").glob("2*")
    return run


def keys(run):
    return [trial["key"] for trial in json.loads((run / "study.json").read_text())["trials"]]


def numbers(trial):
    """Every metrics line without what depends on the clock; JSON keeps each bit of a float."""
    lines = map(json.loads, (trial / "metrics.jsonl").read_text().splitlines())
    return [
        {k: v for k, v in line.items() if k != "timestamp" and not k.startswith("time/")}
        for line in lines
    ]


def recorded(uri):
    """(client, parents, nested runs) of the study in MLflow."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("q2_losses").experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return client, parents, [run for run in runs if run not in parents]


def committed(output, key):
    """The lines of a trial, also before there is a run."""
    files = (output / "q2_losses").glob(f"2*/trials/{key}/metrics.jsonl")
    return [line for file in files for line in numbers(file.parent)]


def wait_until(condition, process):
    end = time.monotonic() + 400
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "nothing happened in 400 s"
        time.sleep(0.02)


def descendants(pid):
    """The ids of all processes below one, from /proc."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
    pids = [pid]
    for one in pids:
        pids += [child for child, parent in parents.items() if parent == one]
    return pids[1:]


def kill_all(process):
    """SIGKILL for the driver, then for the Ray processes that it started."""
    started = descendants(process.pid)
    process.kill()
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(60)
    process.stdout.close()


@pytest.fixture(scope="module")
def undisturbed(place):
    succeed(place, *LONGER, "--output", place / "undisturbed")
    return only_run(place / "undisturbed")


def test_a_killed_run_resumes_to_the_numbers_of_an_undisturbed_one(undisturbed, place):
    first, last = keys(undisturbed)
    output = place / "killed"
    process = start(place, *LONGER, "--output", output)
    try:
        wait_until(lambda: committed(output, last), process)
    finally:
        kill_all(process)
    trials = only_run(output) / "trials"
    finished = (trials / first / "status.json").read_bytes()
    timed = (trials / first / "metrics.jsonl").read_bytes()
    assert not (trials / last / "status.json").exists(), "killed too late to show anything"
    assert 1 <= len(numbers(trials / last)) < len(numbers(undisturbed / "trials" / last))

    succeed(place, "--resume", "--output", output)

    assert (trials / first / "status.json").read_bytes() == finished
    assert (trials / first / "metrics.jsonl").read_bytes() == timed
    for key in (first, last):
        assert json.loads((trials / key / "status.json").read_text())["status"] == "finished"
        assert numbers(trials / key) == numbers(undisturbed / "trials" / key)

    client, parents, nested = recorded(f"sqlite:///{output}/mlflow.db")
    assert [run.info.status for run in parents] == ["FINISHED"]
    assert sorted(run.data.tags["study.trial_key"] for run in nested) == sorted([first, last])
    for run in nested:
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parents[0].info.run_id
        history = client.get_metric_history(run.info.run_id, "val/loss")
        assert sorted(row.step for row in history) == [1, 2, 3]


def test_a_run_outlives_a_dead_tracking_server_and_is_published_later(place):
    output = place / "dead"
    text = succeed(place, *LOSS, "--tracking-uri", "http://127.0.0.1:9", "--output", output)
    assert "python -m service.publish" in text
    run = only_run(output)
    store = ["--tracking-uri", f"sqlite:///{place}/later.db"]
    succeed(place, run, *store, module="service.publish")
    succeed(place, "--check", run, *store, module="service.publish")
    _, parents, nested = recorded(store[1])
    assert len(parents) == 1
    assert sorted(r.data.tags["study.trial_key"] for r in nested) == sorted(keys(run))


def test_a_killed_worker_is_replaced_and_its_trial_goes_on(undisturbed, place):
    first, last = keys(undisturbed)
    output = place / "worker"
    process = start(place, *LONGER, "--output", output)
    wait_until(lambda: committed(output, last), process)
    actors = [
        pid for pid in descendants(process.pid) if title(pid).startswith("ray::ResourceTrainable")
    ]
    assert actors, "no worker to kill"
    for pid in actors:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    status, text = finish(process)
    assert status == 0, text
    for key in (first, last):
        assert numbers(only_run(output) / "trials" / key) == numbers(undisturbed / "trials" / key)


def title(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_state_and_says_how_to_go_on(undisturbed, place, number):
    first, last = keys(undisturbed)
    output = place / number.name
    process = start(place, *LONGER, "--output", output)
    wait_until(lambda: committed(output, last), process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.terminate()
    status, text = finish(process)
    assert status == 130, text
    run = only_run(output)
    assert f"--resume {run}" in text
    assert "Traceback" not in text
    assert [t["status"] for t in json.loads((run / "results.json").read_text())["trials"]] == [
        "finished",
        "stopped",
    ]
    _, parents, nested = recorded(f"sqlite:///{output}/mlflow.db")
    assert [parent.info.status for parent in parents] == ["KILLED"]
    assert sorted(one.info.status for one in nested) == ["FINISHED", "KILLED"]
    succeed(place, "--resume", run, "--output", output)
    for key in (first, last):
        assert numbers(run / "trials" / key) == numbers(undisturbed / "trials" / key)
    succeed(place, "--check", run, module="service.publish")


def test_a_debugged_trial_gives_the_numbers_of_the_first_and_of_the_second_on_an_actor(
    undisturbed, place
):
    output = place / "debugged"
    for key in keys(undisturbed):
        succeed(place, *LONGER, "--debug", "--trial", key, "--output", output)
        debugged = output / "q2_losses" / ".debug" / key
        assert numbers(debugged) == numbers(undisturbed / "trials" / key)


def test_two_runs_at_once_share_one_sqlite_file(place):
    store = ["--tracking-uri", f"sqlite:///{place}/shared.db"]
    both = [
        start(place, *LOSS, "--max-concurrent", "1", *store, "--output", place / f"at_once_{n}")
        for n in (1, 2)
    ]
    for process in both:
        status, text = finish(process)
        assert status == 0, text
    for n in (1, 2):
        succeed(place, "--check", only_run(place / f"at_once_{n}"), module="service.publish")
    _, parents, nested = recorded(store[1])
    assert len(parents) == 2
    assert len(nested) == 4
