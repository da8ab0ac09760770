"""A study in a file of one's own: `python my_study.py`, interrupted, gone on with, extended.

First the example that README shows, then one that waits where it is told to.
"""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.system import commands
from tests.system.commands import finish, only_run, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "random_forest.py"
STUDY = '''
"""How far a number gets."""

import time

import service
from claims import Claim, beats
from claims.measures import Last


class Mine(service.Settings):
    power: int = 1
    shift: float = 0.0
    epochs: int = 2


def train(settings, trial):
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        while epoch == 2 and not (trial.folder.parents[4] / "go").exists():
            time.sleep(0.05)
        noise = trial.seed * settings.power * (1 + settings.shift) / 10
        value = epoch**settings.power + settings.shift + noise
        yield service.Epoch({"val/score": float(value)}, {"epoch": epoch})
    yield service.Epoch({"test/score": float(value)}, None)


def grid(*values):
    return {"grid_search": list(values)}


STUDY = service.Study(
    name="mine",
    question="Which power?",
    trainable=train,
    settings=Mine(),
    sweeps={"power": {"power": grid(1, 2)}, "shift": {"shift": grid(1, 2)}},
    metric="val/score",
    claims=[
        Claim(id="mine.shift", says="More is more.",
              test=beats("shift", {"shift": 2.0}, {"shift": 1.0}, on=Last(metric="test/score")))
    ],
)

if __name__ == "__main__":
    service.main(STUDY)
'''


def start(place, command):
    """A command that names `python`, started in a folder."""
    program, first, *words = shlex.split(command)
    assert program == "python"
    if first == "-m":
        return commands.start(place, *words[1:], module=words[0])
    return commands.start(place, *words, file=first)


def succeed(place, command):
    status, text = finish(start(place, command))
    assert status == 0, text
    return text


def own_run(place, study="mine"):
    return only_run(place / "outputs", study)


def test_the_example_runs_from_anywhere_and_ends_in_a_page_with_an_answer(tmp_path):
    shutil.copy(EXAMPLE, tmp_path / "forest.py")
    few = "python forest.py --seeds 2 --n-estimators 20 1 --max-depth 5"
    assert "random_forest: 4 trials" in succeed(tmp_path, f"{few} --dry-run")
    succeed(tmp_path, few)
    run = own_run(tmp_path, "random_forest")
    page = (run / "report.html").read_text()
    assert "How many trees, 5 deep, does a random forest need to read digits?" in page
    assert "By test accuracy (higher is better) n_estimators=20" in page
    more = succeed(tmp_path, "python forest.py --resume --seeds 3")
    assert "over 3 seeds" in " ".join(more.split())
    assert "Nothing is left to do" in succeed(tmp_path, "python forest.py --resume")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """(place, what a run said that was interrupted in the middle of its first trial)."""
    place = tmp_path_factory.mktemp("mine")
    (place / "my_study.py").write_text(STUDY)
    process = start(place, "python my_study.py --only power --max-concurrent 1 --seeds 2")
    wait_until(lambda: list(place.glob("outputs/mine/2*/trials/*/metrics.jsonl")), process)
    process.terminate()  # Ctrl-C is ignored where tests run in the background
    status, text = finish(process)
    assert status == 130, text
    return place, text


@pytest.fixture(scope="module")
def finished(interrupted):
    """(place, what was said) after the command that the interrupted run gave."""
    place, text = interrupted
    (place / "go").touch()
    (command,) = re.findall(r"^Interrupted; go on with: (.+)$", text, re.MULTILINE)
    return place, succeed(place, command)


def test_an_interrupted_run_names_the_file_that_it_was_started_with(interrupted):
    place, text = interrupted
    assert f"go on with: python my_study.py --resume {own_run(place)}\n" in text
    assert "studies." not in text and "Traceback" not in text


def test_the_run_records_how_it_was_started(finished):
    place, _ = finished
    study = json.loads((own_run(place) / "study.json").read_text())
    assert study["program"] == "python my_study.py"
    assert study["command"] == "python my_study.py --only power --max-concurrent 1 --seeds 2"
    page = (own_run(place) / "report.html").read_text()
    assert f"<pre>{study['command']}</pre>" in page


def test_what_is_lost_is_made_again_with_the_same_bytes(finished):
    place, said = finished
    run = own_run(place)
    assert "what is missing" not in said
    lost = ("results.json", "answer.json", "report.html")
    before = {name: (run / name).read_bytes() for name in lost}
    for name in lost:
        (run / name).unlink()
    again = succeed(place, f"python my_study.py --resume {run}")
    assert "what is missing is made: results.json, answer.json, report.html." in again
    after = {name: (run / name).read_bytes() for name in lost}
    assert {name for name in lost if after[name] != before[name]} == set()
    (run / "answer.json").write_bytes(before["answer.json"][:100])
    (run / "report.html").write_bytes(b"")
    shutil.rmtree(run / "figures")
    publish = start(place, f"python -m service.publish {run}")
    assert publish.wait(100) == 1  # which makes none of them, and says so
    again = succeed(place, f"python my_study.py --resume {run}")
    assert "what is missing is made: answer.json, report.html, figures, " in again
    assert {name: (run / name).read_bytes() for name in lost} == before
    assert "Nothing is left to do" in succeed(place, f"python my_study.py --resume {run}")


def test_the_command_that_would_test_a_claim_works_as_it_is_written(finished):
    place, _ = finished
    run = own_run(place)
    (claim,) = json.loads((run / "answer.json").read_text())["claims"]
    assert claim["status"] == "not tested"
    wanted = f"python my_study.py --resume mine/{run.name} --only shift --seeds 3"
    assert claim["command"] == wanted
    assert f"<code>{wanted}</code>" in (run / "report.html").read_text()
    said = succeed(place, wanted)
    assert "mine.shift: SUPPORTED (registered). More is more." in said
    (claim,) = json.loads((run / "answer.json").read_text())["claims"]
    assert (claim["status"], claim["command"]) == ("supported", "")
