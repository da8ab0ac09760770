"""`python -m service.report`: the page again, and later judgements that say so."""

import json
import subprocess
import sys

import pytest

from runs.folder import RunFolder
from service.report import build, judged_again, main
from studies.q3_betas import STUDY


@pytest.fixture
def run(tmp_path):
    """A run of one trial without numbers, as an older version of the study left it."""
    folder = tmp_path / "q3_betas" / "then"
    (folder / "trials" / "k").mkdir(parents=True)
    asked = {"key": "k", "name": "v seed=0", "seed": 0, "sweeps": ["s"], "varied": [],
             "settings": {}}  # fmt: skip
    study = {"format": 1, "study": "q3_betas", "question": "Does it?", "run": "then",
             "trials": [asked], "metric": "val/accuracy", "mode": "max", "inputs": {},
             "commit": {}}  # fmt: skip
    trial = asked | {"status": "finished", "reason": None, "diverged": False, "epochs": 1,
                     "metrics": {}, "seconds": 1}  # fmt: skip
    ended = {"status": "finished", "reason": None, "diverged": False, "epochs": 1, "ended": 0}
    for name, value in {
        "study.json": study,
        "results.json": {"dataset": {}, "trials": [trial]},
        "trials/k/settings.json": asked,
        "trials/k/status.json": ended,
    }.items():
        (folder / name).write_text(json.dumps(value))
    return RunFolder(folder)


def ask(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["report", *map(str, words)])
    return main()


def test_a_study_judges_an_older_run_and_the_page_says_that_it_was_later(run, monkeypatch, capsys):
    assert "q3.beta1" not in build(run).read_text()
    assert ask(monkeypatch, run.path, "--study", "studies.q3_betas") == 0
    page = run.path / "report.html"
    assert capsys.readouterr().out.strip() == str(page)
    said = page.read_text()
    assert "q3.beta1, <b>declared after this run</b>" in said and "which is later than this" in said
    assert [*run.study.claims] == [claim.model_dump(mode="json") for claim in STUDY.claims]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere"], "There is no run 'nowhere'"),
        (["RUN", "--study", "studies.nothing"], "'studies.nothing' is no module with a STUDY"),
        (["RUN", "--study", "studies.q3_shuffling"], "is a run of q3_betas, not of q3_shuffling"),
    ],
)
def test_wrong_usage_is_a_sentence(run, monkeypatch, capsys, words, why):
    words = [run.path if word == "RUN" else word for word in words]
    assert ask(monkeypatch, *words) == 2
    said = capsys.readouterr()
    assert why in said.err and said.err.count("\n") == 1 and not said.out


def test_a_run_without_results_is_named(run, monkeypatch, capsys):
    (run.path / "results.json").unlink()
    (run.path / "trials" / "k" / "status.json").unlink()
    assert ask(monkeypatch, run.path) == 2
    assert "has no results yet" in capsys.readouterr().err


def test_results_that_are_lost_are_gathered_again(run, monkeypatch):
    (run.path / "results.json").unlink()
    assert ask(monkeypatch, run.path) == 0
    (trial,) = json.loads((run.path / "results.json").read_text())["trials"]
    assert (trial["key"], trial["status"]) == ("k", "finished")


def test_an_answer_that_the_numbers_contradict_is_status_1(run, monkeypatch, capsys):
    before = judged_again(run, STUDY).read_bytes()
    study = json.loads((run.path / "study.json").read_text())
    study["answer"] = {"s": '{{ holds(1 > 2, "one is more") }}'}
    (run.path / "study.json").write_text(json.dumps(study))
    assert ask(monkeypatch, run.path) == 1
    assert "one is more" in capsys.readouterr().err
    assert (run.path / "report.html").read_bytes() == before
    refused = json.loads((run.path / "answer.json").read_text())["answer"]["refused"]
    assert "one is more" in refused


def test_it_is_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "service.report", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "--study" in done.stdout


def test_what_readme_says_of_a_run_is_printed_and_nothing_is_written(run, monkeypatch, capsys):
    before = sorted(run.path.rglob("*"))
    assert ask(monkeypatch, run.path, "--markdown") == 0
    said = capsys.readouterr().out
    assert "| variant |" in said and "1 trials of 1 to 1 s" in said
    assert sorted(run.path.rglob("*")) == before
