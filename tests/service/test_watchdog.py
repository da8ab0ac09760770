"""A trial that hangs or crashes ends its process, and leaves word of where that was."""

import subprocess
import sys

import pytest

from service.cluster.messages import Event
from service.reasons import in_words
from service.watchdog import AT_LEAST_SECONDS, NAME, Watchdog, last_word

TRIAL = """
import ctypes, os, re, sys, time
from functools import partial
from pathlib import Path
from service import Settings, Epoch
from service.execution import run_trial
from service.watchdog import Watchdog

def in_python():
    while True: pass

def in_c():  # which never lets go of Python
    re.match("(a+)+$", "a" * 60 + "b")

def crash():
    ctypes.string_at(0)

def leave():
    os._exit(0)

def slowly(trial):
    for batch in range(30):
        time.sleep(0.1)
        trial.progress(batch, 30)

def train(settings, trial):
    yield Epoch({"val/score": 1.0}, {})
    slowly(trial) if sys.argv[2] == "slowly" else globals()[sys.argv[2]]()
    yield Epoch({"val/score": 2.0}, {})

how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/score", "mode": "max"}
watch = partial(Watchdog, limit=2)
for line in run_trial(train, Settings(), Path(sys.argv[1]), **how, watch=watch):
    time.sleep(3 if sys.argv[2] == "slowly" else 0)  # whoever schedules may be slow
"""


def ran(folder, what):
    """The exit status of a process that runs the trial."""
    (folder.parent / "trial.py").write_text(TRIAL)
    words = [sys.executable, str(folder.parent / "trial.py"), str(folder), what]
    return subprocess.run(words, capture_output=True, timeout=60).returncode


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "trial"
    path.mkdir()
    return path


@pytest.mark.parametrize("what", ["in_python", "in_c"])
def test_a_trial_that_hangs_ends_and_says_where(folder, what):
    assert ran(folder, what) == 1
    reason, text = in_words(Event("failed", "k", cause="died", text="Ray's own words"), folder)
    assert reason.startswith(f"it made no progress for 2 seconds in {what}, line ")
    assert reason.endswith(" of trial.py")
    assert "Timeout" in text and "train" in text
    assert not (folder / NAME).exists()


def test_a_trial_that_crashes_says_what_and_where(folder):
    assert ran(folder, "crash") < 0
    reason, _ = in_words(Event("failed", "k", cause="died"), folder)
    assert reason.startswith("its process crashed: segmentation fault in crash, line ")


def test_a_trial_that_leaves_without_a_word_is_said_to_have_died(folder):
    assert ran(folder, "leave") == 0
    assert last_word(folder) is None
    reason, text = in_words(Event("failed", "k", cause="died", text="Ray's own words"), folder)
    assert "ended without a word" in reason and "Ray" not in reason
    assert text == "Ray's own words"


def test_heartbeats_are_progress_and_so_is_nothing_while_nobody_asks_for_an_epoch(folder):
    assert ran(folder, "slowly") == 0
    assert (folder / "status.json").exists()
    assert not (folder / NAME).exists()


def test_by_itself_it_waits_for_ever_for_a_first_epoch_then_long(folder):
    assert Watchdog(folder, [], None).seconds is None
    assert Watchdog(folder, [2.0, 1.0], None).seconds == AT_LEAST_SECONDS
    dog = Watchdog(folder, [2.0], None)
    dog.rest(100.0)
    assert dog.seconds == 2000.0
    assert Watchdog(folder, [100.0], 5.0).seconds == 5.0


def test_the_last_line_that_was_raised_is_the_reason(folder):
    text = "Traceback ...\n  File ...\nValueError: no such thing\n"
    assert in_words(Event("failed", "k", text=text), folder)[0] == "ValueError: no such thing"
