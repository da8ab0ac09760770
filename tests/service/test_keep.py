"""`python -m service.keep` where there is nothing to keep. (What is kept: tests/end_to_end/.)"""

import json
import sys

import pytest

from service.keep import main


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """ask(words): (exit status, what it said on stderr), in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def asked(*words):
        monkeypatch.setattr(sys, "argv", ["keep", *map(str, words)])
        return main(), capsys.readouterr().err

    return asked


def test_what_cannot_be_kept_is_a_sentence(ask, tmp_path):
    run = tmp_path / "results" / "toy" / "then"
    run.mkdir(parents=True)
    (run / "study.json").write_text(json.dumps({"study": "toy"}))
    for words, why in (
        (["--to", "nowhere"], "There is no kept run below"),
        (["nowhere"], "There is no run 'nowhere'"),
        ([run], "is kept already"),
        ([run, "--to", "elsewhere"], "has no page; make it with: python -m service.report RUN"),
    ):
        status, said = ask(*words)
        assert status == 2 and why in said and said.count("\n") == 1
    assert not (tmp_path / "elsewhere").exists()
