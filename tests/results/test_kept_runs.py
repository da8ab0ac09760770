"""Every kept run can be gone on with by the code as it is, and has all that it owes."""

import importlib
import shutil
from pathlib import Path

import pytest

from claims.looks import spent
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.variants import trial_names
from service.cli import execute
from service.options import options_from
from service.resume import resume_run

RESULTS = Path(__file__).resolve().parents[2] / "results"
KEPT = [file.parent for file in sorted(RESULTS.glob("*/*/study.json"))]


@pytest.fixture(params=KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def kept(request, tmp_path):
    """(study, a copy of a kept run): its driver's lock is none of what is kept."""
    path = request.param
    study = importlib.import_module(f"studies.{path.parent.name}").STUDY
    return study, RunFolder(shutil.copytree(path, tmp_path / path.parent.name / path.name))


def test_a_kept_run_lists_the_trials_that_it_had_and_no_other(kept):
    study, folder = kept
    had = {trial.key: trial_names(folder.study)[trial.key] for trial in folder.study.trials}
    plan = resume_run(study, options_from({"resume": str(folder.path)}), {})
    assert {t.key for t in plan.trials} == had.keys() and plan.todo == []
    assert len(set(had.values())) == len(had)


def test_one_seed_more_adds_its_own_trials_and_none_else(kept):
    study, folder = kept
    had, seeds = {t.key for t in folder.study.trials}, folder.study.asked.seeds
    more = options_from({"resume": str(folder.path), "seeds": seeds + 1})
    if any(map(spent, folder.study.looks.values())):  # its looks came to the most it may have
        with pytest.raises(UsageError, match="have spent the 5 %"):
            resume_run(study, more, {})
        return
    plan = resume_run(study, more, {})
    assert {t.key for t in plan.trials} - {t.key for t in plan.todo} == had
    if plan.asked.search:  # which lists what it compares when it has found it
        assert plan.left == (0, 1)
        return
    assert {t.block for t in plan.todo} == {seeds} and len(plan.todo) == len(had) / seeds


def test_nothing_is_left_to_do_in_a_kept_run(kept, capsys):
    study, folder = kept
    before = {file: file.read_bytes() for file in folder.path.rglob("*") if file.is_file()}
    assert execute(study, options_from({"resume": str(folder.path)}), {})[0] == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"Nothing is left to do in {folder.path}.", said
    after = {file: file.read_bytes() for file in folder.path.rglob("*") if file.is_file()}
    after.pop(folder.path / ".lock", None)
    assert after == before
