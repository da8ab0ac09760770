"""`python -m service.keep` where there is nothing to keep. (What is kept: tests/end_to_end/.)"""

import json
import sys

import numpy as np
import pytest

from runs import artifacts
from runs.folder import RunFolder
from runs.record import StudyRecord, TrialAsked
from service import keep
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


def test_a_test_curve_is_kept_if_it_is_small_and_what_a_search_told_optuna(tmp_path):
    random = np.random.default_rng(0)
    curves = {
        key: artifacts.HitCurve(random.random((epochs, 10_000)) < 0.5, np.zeros(10_000, np.int64))
        for key, epochs in (("small", 60), ("large", 120))
    }
    run = tmp_path / "outputs" / "toy" / "then"
    (run / "figures").mkdir(parents=True)
    (run / "report.html").touch()
    asked = [TrialAsked(key=k, seed=0, sweeps=("s",), settings={}) for k in (*curves, "none")]
    study = StudyRecord(study="toy", run="then", metric="val/accuracy", trials=asked)
    (run / "study.json").write_text(study.model_dump_json())
    for trial in asked:
        (run / "trials" / trial.key).mkdir(parents=True)
    for key, curve in curves.items():
        curve.save(run / "trials" / key)
    (run / "optuna.journal").write_text("of a search\n")
    copied = keep.copy(RunFolder(run), tmp_path / "to", {})
    assert (copied.path / "optuna.journal").read_text() == "of a search\n"
    kept = {t.path.name: t.path for t in copied.trials()}
    np.testing.assert_array_equal(
        artifacts.HitCurve.load(kept["small"]).right, curves["small"].right
    )
    for key in ("large", "none"):
        with pytest.raises(artifacts.Absent, match=r"^no test_curve\.npz$"):
            artifacts.HitCurve.load(kept[key])
