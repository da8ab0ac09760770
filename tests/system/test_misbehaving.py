"""Trials that raise, hang, crash or leave: the others go on, and a person learns why."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runs.trial_folder import TrialFolder
from tests.system.commands import (
    descendants,
    finish,
    lives,
    only_run,
    send,
    start,
    statuses,
    succeed,
    wait_until,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
STUDY = Path(__file__).with_name("misbehaving.py")


@pytest.fixture
def place(tmp_path):
    shutil.copy(STUDY, tmp_path / "own.py")
    return tmp_path


def committed(place, study="misbehaving"):
    """How many lines all trials have."""
    files = place.glob(f"outputs/{study}/2*/trials/*/metrics.jsonl")
    return sum(len(file.read_text().splitlines()) for file in files)


def test_only_those_trials_fail_and_are_run_again_when_they_are_mended(place):
    words = ["--seeds", "1", "--trial-timeout", "5", "--max-failures", "0"]
    status, text = finish(start(place, *words, "--then", 'echo "$STATUS" > then', file="own.py"))
    assert status == 1, text
    run = only_run(place / "outputs", "misbehaving")
    trials = json.loads((run / "results.json").read_text())["trials"]
    reasons = {one["settings"]["does"]: one["reason"] for one in trials}
    assert reasons["well"] is None
    assert reasons["raise"] == "ValueError: no such thing"
    assert reasons["hang"].startswith("it made no progress for 5 seconds in misbehave, line ")
    assert reasons["exit"].startswith("its process ended without a word")
    assert reasons["crash"].startswith("its process crashed: segmentation fault in misbehave")
    page = (run / "report.html").read_text()
    for reason in filter(None, reasons.values()):
        assert f"failed: {reason}" in text
        assert reason.partition(":")[0] in page
    assert "Worker exit" not in text and "core_worker" not in text
    assert (place / "then").read_text() == "failed\n"

    (place / "mended").touch()
    before = {file: file.read_bytes() for file in run.glob("trials/*/metrics.jsonl")}
    again = succeed(place, "--retry-failed", run, file="own.py")
    assert "4 trials" in again
    assert statuses(run) == ["finished"] * 5
    for file, content in before.items():  # from where it stood
        assert file.read_bytes().startswith(content)


@pytest.fixture
def small_disk(place):
    """A disk of 4 MB."""
    disk = place / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(words, capture_output=True).returncode:
        pytest.skip("nobody but root can mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_named_and_costs_nothing_that_was_committed(place, small_disk):
    words = ["--seeds", "1", "--does", "well", "fill", "--epochs", "40", "--max-failures", "0"]
    elsewhere = ["--tracking-uri", f"sqlite:///{place}/mlflow.db"]
    status, text = finish(start(place, *words, "--output", small_disk, *elsewhere, file="own.py"))
    assert status == 1, text
    run = only_run(small_disk, "misbehaving")
    assert f"There is no space left on the disk of {run}" in text
    assert "Traceback" not in text
    # Behind these a line may stand whose checkpoint found no space: it was not committed.
    before = {folder: TrialFolder(folder).committed for folder in run.glob("trials/*")}
    assert len(before) == 2 and all(before.values())

    (filler,) = run.glob("trials/*/filler")
    filler.unlink()
    (place / "mended").touch()
    (command,) = re.findall(r"go on with: python own.py (.+)$", text, re.MULTILINE)
    finish(start(place, *command.split(), file="own.py"))  # what failed is not tried again
    finish(start(place, "--retry-failed", run, file="own.py"))
    assert statuses(run) == ["finished"] * 2
    for folder, lines in before.items():
        assert TrialFolder(folder).committed[: len(lines)] == lines
    succeed(place, "--check", run, module="service.publish")


@pytest.mark.parametrize("which", ["its group", "every process"])
def test_the_stop_of_a_batch_system_leaves_results_page_and_the_command_that_goes_on(place, which):
    words = ["--seeds", "2", "--does", "well", "--epochs", "4", "--seconds", "1"]
    process = start(place, *words, file="own.py")
    wait_until(lambda: committed(place) >= 2, process)
    started = descendants(process.pid)
    if which == "its group":  # timeout(1)
        os.killpg(process.pid, signal.SIGTERM)
    else:  # systemd, Slurm
        send([process.pid, *started], signal.SIGTERM)
    status, text = finish(process)
    assert status == 130, text
    assert "Traceback" not in text and "core_worker" not in text
    run = only_run(place / "outputs", "misbehaving")
    assert f"--resume {run}" in text
    assert set(statuses(run)) == {"stopped"}
    assert (run / "report.html").exists()
    assert not [pid for pid in started if lives(pid)]
    succeed(place, "--resume", run, file="own.py")
    assert statuses(run) == ["finished", "finished"]
    succeed(place, "--check", run, module="service.publish")


def test_the_second_ctrl_c_ends_what_hangs_at_once(place):
    process = start(place, "--seeds", "1", "--does", "well", "hang", file="own.py")
    wait_until(lambda: committed(place) >= 5, process)  # the other hangs in its second epoch
    started = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    time.sleep(3)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    status, text = finish(process)
    assert status == 130, text
    assert time.monotonic() - began < 60
    assert "Ctrl-C ends them now" in text
    assert not [pid for pid in started if lives(pid)]
    assert statuses(only_run(place / "outputs", "misbehaving")) == ["finished", "stopped"]


def test_no_process_outlives_a_driver_that_is_killed(place):
    words = ["--seeds", "2", "--does", "well", "--epochs", "50", "--seconds", "1"]
    process = start(place, *words, file="own.py")
    wait_until(lambda: committed(place) >= 2, process)
    started = descendants(process.pid)
    assert len(started) > 3
    process.kill()
    process.communicate()
    end = time.monotonic() + 10
    while left := [pid for pid in started if lives(pid)]:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def test_another_terminal_sees_a_run_and_stops_it_and_the_clock_does(place):
    words = ["--seeds", "2", "--does", "well", "--epochs", "200", "--seconds", "0.5"]
    process = start(place, *words, file="own.py")
    wait_until(lambda: committed(place) >= 2, process)
    said = succeed(place, module="service.status")
    assert "it runs, process" in said and "0 of 2 trials have ended; 2 run" in said
    assert "/200" in said and "min left" in said
    run = only_run(place / "outputs", "misbehaving")
    succeed(place, "--stop", run, module="service.status")
    status, text = finish(process)
    assert status == 130, text
    assert "Asked to stop: the epochs that run are finished" in text
    before = committed(place)
    assert "it was interrupted" in succeed(place, module="service.status")
    assert finish(start(place, "--stop", run, module="service.status"))[0] == 2

    status, text = finish(start(place, "--resume", run, "--hours", "0.01", file="own.py"))
    assert status == 130, text
    assert "The time is up" in text and f"--resume {run}" in text
    assert before < committed(place) < 402
