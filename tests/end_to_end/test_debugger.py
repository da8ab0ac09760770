"""`--debug` on a user's own study file: the prompt opens in the trial, exceptions come through."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = '''
"""A study of my own."""

import service
from trainables.protocol import Epoch, Settings


class Mine(Settings):
    power: int = 1
    epochs: int = 2


def train(settings, trial):
    for epoch in range(1, settings.epochs + 1):
        value = float(epoch**settings.power)
        if settings.power == 2:
            breakpoint()
        if settings.power == 3:
            value = {}["no such key"]
        if settings.power == 4:
            value = float("nan")
        yield Epoch({"val/score": value}, {"epoch": epoch})


STUDY = service.Study(
    name="mine",
    question="Which power?",
    trainable=train,
    settings=Mine(),
    sweeps={"power": {"power": {"grid_search": [1, 2, 3]}}},
    metric="val/score",
)

if __name__ == "__main__":
    service.main(STUDY)
'''


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(STUDY)

    def run(*words, typed=""):
        return subprocess.run(
            [sys.executable, "mine.py", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            input=typed,
            capture_output=True,
            text=True,
        )

    return run


def test_a_breakpoint_stops_inside_the_trial_and_the_trial_goes_on(mine):
    done = mine("--debug", "--power", "2", typed="p settings.power, epoch, value\nc\nc\n")
    assert done.returncode == 0, done.stderr
    assert "(2, 1, 1.0)" in done.stdout
    assert "epoch 2: val/score 4" in done.stdout and done.stdout.endswith("\nfinished\n")


def test_a_trial_that_diverges_says_so(mine):
    done = mine("--debug", "--power", "4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nfailed: diverged: val/score is nan in epoch 1\n")


def test_an_exception_of_the_trial_propagates_with_its_line(mine):
    done = mine("--debug", "--power", "3")
    assert done.returncode == 1
    assert 'value = {}["no such key"]' in done.stderr
    assert "KeyError: 'no such key'" in done.stderr


def test_the_first_trial_is_debugged_unless_a_key_says_which(mine):
    assert "power=1 seed=0 in this process" in mine("--debug").stdout
    wrong = mine("--debug", "--trial", "0123")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("No selected trial has the key '0123'")
