"""`python -m service.compare`: where the page goes, and what cannot be compared."""

import json
import sys

import pytest

from service.compare import main


@pytest.fixture
def output(tmp_path):
    """Two studies: toy with four runs, and one none of whose trials began; other with one."""
    for place in ("toy/1", "toy/2", "toy/3", "toy/4", "toy/late", "other/1"):
        study, name = place.split("/")
        folder = tmp_path / study / name
        (folder / "trials" / "k").mkdir(parents=True)
        asked = {"key": "k", "seed": 0, "sweeps": ["s"], "settings": {"x": 1}}
        about = {"format": 1, "study": study, "question": "Does it?", "run": name,
                 "metric": "val/accuracy", "mode": "max", "sweeps": {"s": ["x"]},
                 "inputs": {"dataset": {"name": "digits"}}, "trials": [asked]}  # fmt: skip
        trial = asked | {"status": "finished", "reason": None, "diverged": False, "epochs": 1,
                         "metrics": {"test/accuracy": 0.5}, "seconds": 1.0}  # fmt: skip
        ended = {"status": "finished", "epochs": 1, "ended": 0}
        results = {"dataset": {"name": "digits"}, "trials": [trial]}
        (folder / "study.json").write_text(json.dumps(about))
        (folder / "trials" / "k" / "settings.json").write_text(json.dumps(asked))
        if name != "late":
            (folder / "trials" / "k" / "status.json").write_text(json.dumps(ended))
            (folder / "results.json").write_text(json.dumps(results))
    return tmp_path


@pytest.fixture
def ask(output, monkeypatch):
    def asked(*words):
        monkeypatch.setattr(sys, "argv", ["compare", *map(str, words), "--output", str(output)])
        return main()

    return asked


def files(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_page_goes_beside_the_runs_and_their_folders_stay(output, ask, capsys):
    before = files(output)
    assert ask("toy/1", output / "toy" / "2") == 0
    page = output / "toy" / "compare_1_2.html"
    assert capsys.readouterr().out.strip() == str(page)
    first = page.read_bytes()
    assert files(output) == {**before, page: first}
    assert b"50.0 %" in first and ask("toy/1", "toy/2") == 0 and page.read_bytes() == first


def test_many_runs_have_a_short_name_and_a_page_of_ones_own_another(output, ask):
    assert ask("toy/1", "toy/2", "toy/3", "toy/4") == 0
    assert (output / "toy" / "compare_1_to_4_4_runs.html").exists()
    assert ask("toy/1", "toy/2", "--to", output / "new" / "page.html") == 0
    assert (output / "new" / "page.html").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["toy/1"], "takes at least two runs"),
        (["toy/1", "toy/1"], "named twice"),
        (["toy/1", "other/1"], "is of toy,"),
        (["toy/1", "toy/late"], "toy/late has no results yet"),
        (["toy/1", "toy/none"], "There is no run 'toy/none'"),
        (["toy/1", "toy/2", "--to", "OUTPUT"], "cannot be written"),
        (["toy/1", "toy/2", "--to", "OUTPUT/toy/1/study.json/page"], "cannot be written"),
    ],
)
def test_wrong_usage_is_a_sentence(output, ask, capsys, words, why):
    before = files(output)
    assert ask(*(word.replace("OUTPUT", str(output)) for word in words)) == 2
    said = capsys.readouterr()
    assert why in said.err and said.err.count("\n") == 1 and not said.out
    assert files(output) == before
