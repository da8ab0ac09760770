"""Killed processes, a dead tracking server, two runs at once: the commands of a user, on digits."""

import json
import os
import random
import signal

import pytest

from tests.system import commands
from tests.system.commands import (
    descendants,
    finish,
    kill_all,
    numbers,
    only_run,
    send,
    title,
    untimed,
    wait_until,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

LOSS = ["--smoke", "--only", "loss"]
LONG = [*LOSS, "--epochs", "20", "--max-concurrent", "1"]
LONGER = [*LOSS, "--epochs", "6", "--max-concurrent", "1"]  # the last trial gets a used actor


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place")


def start(place, *words, module="studies.q2_losses"):
    return commands.start(place, *words, module=module)


def succeed(place, *words, module="studies.q2_losses"):
    return commands.succeed(place, *words, module=module)


def keys(run):
    return [trial["key"] for trial in json.loads((run / "study.json").read_text())["trials"]]


def recorded(uri):
    """(client, parents, nested runs) of the study in MLflow."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("q2_losses").experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return client, parents, [run for run in runs if run not in parents]


def committed(output, key="*"):
    """The lines of a trial, or of all, also before there is a run."""
    files = (output / "q2_losses").glob(f"2*/trials/{key}/metrics.jsonl")
    return [line for file in files for line in numbers(file.parent)]


@pytest.fixture(scope="module")
def undisturbed(place):
    succeed(place, *LONGER, "--output", place / "undisturbed")
    return only_run(place / "undisturbed")


@pytest.fixture(scope="module")
def long(place):
    """A run of so many epochs that it does not end before the last kill."""
    succeed(place, *LONG, "--output", place / "long")
    return only_run(place / "long")


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


VICTIMS = {
    "a worker": lambda pid: title(pid).startswith("ray::ResourceTrainable"),
    "Ray's node": lambda pid: "raylet/raylet" in title(pid).partition("\0")[0],
    "Ray's records": lambda pid: "gcs_server" in title(pid).partition("\0")[0],
    "Ray's own process": lambda pid: "service.cluster.process" in title(pid),
}


def test_whatever_is_killed_a_run_goes_on_to_the_numbers_of_an_undisturbed_one(long, place):
    """Each once, in an order that is drawn; the driver, and all at once, are gone on from."""
    output, process, ended, first = place / "killed", None, {}, keys(long)[0]
    order = [*VICTIMS, "the driver", "everything"]
    random.Random(4).shuffle(order)
    for victim in order:
        if process is None:
            again = ["--resume", "--max-concurrent", "1"]
            words = again if (output / "q2_losses").exists() else LONG
            process = start(place, *words, "--output", output)
        before = len(committed(output))
        if victim == order[-1]:  # the first trial has ended then
            before = max(before, len(committed(long.parents[1], first)))
        wait_until(lambda before=before: len(committed(output)) > before, process)
        for file in output.glob("q2_losses/2*/trials/*/status.json"):
            ended[file] = file.read_bytes()
        if victim in VICTIMS:
            wait_until(lambda of=process, which=victim: victims(of, which), process)
            send(victims(process, victim), signal.SIGKILL)
            continue
        if victim == "everything":
            kill_all(process)
        else:
            process.kill()
            process.communicate()
        process = None
    if process is None:
        process = start(place, "--resume", "--output", output)
    status, text = finish(process)
    assert status == 0, text
    run = only_run(output)
    assert {file: file.read_bytes() for file in ended} == ended
    for key in keys(long):
        assert numbers(run / "trials" / key) == numbers(long / "trials" / key)
    assert untimed(run) == untimed(long)
    _, parents, nested = recorded(f"sqlite:///{output}/mlflow.db")
    assert [parent.info.status for parent in parents] == ["FINISHED"]
    assert [one.info.status for one in nested] == ["FINISHED"] * 2
    succeed(place, "--check", run, module="service.publish")


def victims(process, which):
    """The processes below a driver that are what is to be killed."""
    return [pid for pid in descendants(process.pid) if VICTIMS[which](pid)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_state_and_says_how_to_go_on(undisturbed, place, number):
    first, last = keys(undisturbed)
    output = place / number.name
    process = start(place, *LONGER, "--output", output)
    wait_until(lambda: list(output.glob(f"q2_losses/2*/trials/{last}/checkpoint.pt")), process)
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
