"""One trial trained again: every number the same, or what differs; and what stops it."""

import json
import sys

import pytest

import service
from runs.folder import RunFolder
from service.verify import compared, main, measured_since
from studies.q3_shuffling import STUDY

SMALL = {"only": "order", "seeds": 1, "dataset": "digits", "epochs": 2, "image_size": 16,
         "width": 8, "images_per_class": 16, "order": ["shuffled", "once"]}  # fmt: skip


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A finished run of two trials on digits."""
    output = tmp_path_factory.mktemp("verify")
    service.run(STUDY, output=output, tracking_uri=f"sqlite:///{output}/mlflow.db", **SMALL)
    return RunFolder.find("latest", output, STUDY.name)


def ask(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["verify", *map(str, words)])
    return main()


def test_a_trial_trained_again_has_the_same_numbers_and_the_run_stays(ended, monkeypatch, capsys):
    before = {f: f.read_bytes() for f in ended.path.rglob("*") if f.is_file()}
    assert ask(monkeypatch, ended.path, "--study", "studies.q3_shuffling") == 0
    said = capsys.readouterr().out
    assert "numbers of order=shuffled seed=0 are the same." in said
    assert {f: f.read_bytes() for f in ended.path.rglob("*") if f.is_file()} == before


def test_a_number_that_is_another_is_named(ended, monkeypatch, capsys, tmp_path):
    trial = ended.trials()[1]
    kept = (trial.place / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in kept.splitlines()]
    lines[0]["val/loss"] += 0.25
    try:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (trial.place / "metrics.jsonl").write_text(text)
        trial.recount()
        words = (ended.path, "--study", "studies.q3_shuffling", "--trial", trial.path.name)
        assert ask(monkeypatch, *words) == 1
    finally:
        (trial.place / "metrics.jsonl").write_text(kept)
        trial.recount()
    said = capsys.readouterr().out
    assert "1 of " in said and "numbers of order=once seed=0 differ:" in said
    assert f"  val/loss in epoch 1: {lines[0]['val/loss']} in the run, " in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["RUN"], "The run was started from Python; --study says where its study is."),
        (["RUN", "--study", "studies.q3_betas"], "This is a run of q3_shuffling, not of q3_betas."),
        (["RUN", "--study", "gone.py"], "There is no file gone.py; --study says where"),
        (["RUN", "--study", "STUDY", "--trial", "k"], "No trial that ended has the key 'k'"),
        (
            ["RUN", "--study", "STUDY", "--seeds", "3"],
            "Only where data and weights lie can be",
        ),
        (["RUN", "--study", "STUDY", "--epochs", "3"], "--epochs 3 contradicts the run"),
        (["RUN", "--study", "STUDY", "--epoks", "3"], "no option --epoks; did you mean --epochs?"),
        (["nowhere"], "There is no run 'nowhere'"),
    ],
)
def test_what_stops_it_is_a_sentence(ended, words, why, monkeypatch, capsys):
    names = {"RUN": ended.path, "STUDY": "studies.q3_shuffling"}
    assert ask(monkeypatch, *(names.get(word, word) for word in words)) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_numbers_that_only_one_has_are_told_and_times_are_not():
    before = [{"epoch": 1, "val/loss": 1.0, "time/seconds": 2.0, "timestamp": 5}]
    after = [{"epoch": 1, "val/loss": 1.0, "time/seconds": 3.0}, {"epoch": 2, "val/loss": 0.5}]
    assert compared(before, after) == [
        ("val/loss in epoch 1", 1.0, 1.0),
        ("val/loss in epoch 2", None, 0.5),
    ]


def test_what_an_older_run_did_not_measure_is_no_difference():
    before = [{"epoch": 1, "val/loss": 1.0}]
    after = [{"epoch": 1, "val/loss": 1.0, "train_clean/accuracy": 0.9}]
    assert measured_since(before, after) == ["train_clean/accuracy"]
    assert compared(before, after) == [("val/loss in epoch 1", 1.0, 1.0)]
