"""Who may write in a run: one driver, and the workers that it gave leave."""

import os
import subprocess
import sys
import time

import pytest

from runs import lease
from runs.lease import BEAT_SECONDS, GONE_SECONDS, ORPHANED, Lease, Permit, Superseded, holder

# The same at a fifth of the time.
WORKER = """
import sys, time
from pathlib import Path
from runs import lease
from runs.lease import Permit
lease.BEAT_SECONDS /= 5
lease.GONE_SECONDS /= 5
Permit(Path(sys.argv[1]), sys.argv[2]).watch()
print("watching", flush=True)
time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """(run folder, the lease that this process holds on it)."""
    mine = Lease(tmp_path)
    yield tmp_path, mine
    mine.release()


@pytest.fixture
def worker():
    """Start a process that writes in a run under a token."""
    started = []

    def start(run, token):
        words = [sys.executable, "-c", WORKER, str(run), token]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "watching\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_writes_while_its_driver_holds_the_lease(held):
    run, mine = held
    permit = Permit(run, mine.take())
    permit.check()
    assert not permit.closing
    mine.close()
    permit.check()  # it may end the epoch that it is in
    assert permit.closing  # but begin no other trial


@pytest.mark.parametrize("what", ["revoke", "take"])
def test_nobody_writes_under_a_lease_that_is_over(held, what):
    run, mine = held
    permit = Permit(run, mine.take())
    getattr(mine, what)()
    with pytest.raises(Superseded):
        permit.check()


def test_a_driver_that_went_on_with_the_run_is_seen_and_its_lease_left_alone(held, monkeypatch):
    run, mine = held
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.05)
    mine.take()
    (run / lease.NAME).write_text('{"token": "other", "host": "elsewhere", "pid": 1}')
    assert mine.lost.wait(5)
    mine.release()
    assert holder(run).token == "other"


def test_a_worker_ends_soon_after_its_permit(held, worker):
    run, mine = held
    process = worker(run, mine.take())
    mine.revoke()
    assert process.wait(5) == ORPHANED


def test_a_worker_ends_soon_after_a_driver_that_was_killed(tmp_path, worker):
    words = [sys.executable, "-c", "import os; print(os.getpid())"]
    gone = int(subprocess.run(words, capture_output=True, text=True).stdout)
    text = f'{{"token": "t", "host": "{os.uname().nodename}", "pid": {gone}}}'
    (tmp_path / lease.NAME).write_text(text)
    assert worker(tmp_path, "t").wait(10) == ORPHANED


def test_a_worker_ends_within_ten_seconds_of_the_last_sign_from_another_machine(tmp_path, worker):
    (tmp_path / lease.NAME).write_text('{"token": "t", "host": "elsewhere", "pid": 1}')
    process = worker(tmp_path, "t")
    for _ in range(6):  # which lives for a while
        time.sleep(GONE_SECONDS / 5 / 3)
        os.utime(tmp_path / lease.NAME)
    assert process.poll() is None
    assert process.wait(10) == ORPHANED
    assert GONE_SECONDS + BEAT_SECONDS <= 10


def test_a_worker_lives_as_long_as_a_driver_that_is_stopped_for_a_while(held, worker):
    run, mine = held
    process = worker(run, mine.take())
    mine._over.set()  # Ctrl-Z: it gives no sign, but is there
    time.sleep(GONE_SECONDS / 5 + 1)
    assert process.poll() is None


@pytest.mark.parametrize("content", ["", "\0\0", "[]", '{"token": "t"}'])
def test_a_lease_that_cannot_be_read_is_held_by_nobody(tmp_path, content):
    (tmp_path / lease.NAME).write_text(content)
    assert holder(tmp_path) is None
    with pytest.raises(Superseded):
        Permit(tmp_path, "t").check()
