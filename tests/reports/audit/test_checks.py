"""The list of checks: its members say what they are, and a new one needs nothing beside it."""

import importlib
from pathlib import Path

import pytest

from reports import answer_file, audit, page, terminal
from reports.audit import checks
from reports.audit.check import Check, every_trial
from reports.compare.page import compare
from reports.reading import reading
from trainables.protocol import Settings

FILES = [path.stem for path in Path(checks.__file__).parent.glob("[a-z]*.py")]


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_one_check_which_is_in_the_list_once_and_says_what_it_is(file):
    module = importlib.import_module(f"reports.audit.checks.{file}")
    assert isinstance(module.CHECK, Check) and checks.CHECKS.count(module.CHECK) == 1
    assert module.__doc__ and module.CHECK.says.__doc__.rstrip().endswith(".")


def test_a_name_is_of_one_check_or_of_one_family():
    assert len(checks.CHECKS) == len(FILES)
    families: dict[str, set[str]] = {}
    for check in checks.CHECKS:
        families.setdefault(check.name, set()).add(check.looks_for)
    assert all(len(looks_for - {""}) <= 1 for looks_for in families.values())


def test_a_page_says_once_what_a_family_looks_for():
    assert audit.looked_for().count("numbers that are none") == 1
    assert {check.looks_for for check in checks.CHECKS} - {""} == set(audit.looked_for())


def test_an_audit_repeats_itself(make_trial, digits):
    trial = make_trial("t", *digits(0, shuffle=True), 10)
    assert audit.audit_run([trial]) == audit.audit_run([trial])


def slow(files):
    """How long it took."""
    seconds = files.trial.seconds
    return f"It took {seconds:.0f} s." if seconds > 1 else None


def test_a_new_check_needs_nothing_but_its_place_in_the_list(
    made_trial, made_run, monkeypatch, capsys
):
    new = Check("too_slow", every_trial, slow, looks_for="trials that take long")
    monkeypatch.setattr(audit, "CHECKS", [*checks.CHECKS, new])
    outcome = {"test/accuracy": 0.5, "val/accuracy": 0.5}
    run = made_run([made_trial({"x": x}, metrics=outcome) for x in "ab"], question="?")
    read = reading(run)
    wanted = {"check": "too_slow", "says": "It took 60 s."}
    assert all(wanted in one["faults"] for one in answer_file.as_data(read)["audit"])
    assert page.page(read).count('It took 60 s. <span class="soft">(too_slow)</span>') == 2
    assert "It took 60 s." in compare([read, read], Path())
    terminal.show(read, Settings().remarks)
    assert "⚠ x=a seed=0: It took 60 s." in capsys.readouterr().out


def test_what_a_new_check_looks_for_is_said_where_nothing_was_found(
    made_trial, made_run, monkeypatch
):
    new = Check("too_slow", every_trial, lambda files: None, looks_for="trials that take long")
    monkeypatch.setattr(audit, "CHECKS", [*checks.CHECKS, new])
    run = made_run([made_trial({"x": x}, metrics={"test/loss": 0.5}) for x in "ab"], question="?")
    html = page.page(reading(run))
    assert "Nothing was found in 2 trials, looked at for: numbers that are none, " in html
    assert ", trials that take long.</p>" in html
