"""README's tables and pictures are those of a kept run, made by the scripts in results/."""

import importlib
import re
from pathlib import Path

import pytest

from reports.reading import reading
from runs.folder import read

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture
def script(monkeypatch):
    """A script of results/, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "results"))
    return importlib.import_module


def test_the_tables_are_what_the_script_prints_for_the_runs_of_the_pictures(script):
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert len(pictures) == 4
    for picture in pictures:
        found = reading(read((ROOT / picture).parents[1]))
        assert (ROOT / picture).is_file()
        assert script("table").compared(found) in README
        first = picture == pictures[0]
        assert (script("table").table(found) in README) == first


def test_the_table_of_claims_is_what_the_kept_runs_say(script):
    assert script("claims_table").table() in README
    assert README.count("| **q") == 14


def test_every_kept_run_has_its_report_and_readme_leads_to_some(script):
    runs = [file.parent for file in (ROOT / "results").glob("*/*/study.json")]
    assert all((run / name).is_file() for run in runs for name in ("report.html", "answer.json"))
    for link in re.findall(r"\]\((results/[^)]*report\.html)\)", README):
        assert (ROOT / link).is_file(), link


def test_the_first_command_is_that_of_the_first_picture(script):
    picture = re.search(r"!\[.*?\]\((.*?)\)", README).group(1)
    command = re.search(r"python -m studies\.\S+ --data-dir DATA .*(\n.*)?", README).group()
    about = script("table").about(reading(read((ROOT / picture).parents[1])))
    assert " ".join(command.replace("\\\n", " ").split()) in about


def test_the_page_of_kept_runs_is_what_the_script_writes(script):
    page = (ROOT / "results" / "README.md").read_text()
    assert page == script("page").page()
    assert all((ROOT / "results" / p).is_file() for p in re.findall(r"!\[.*?\]\((.*?)\)", page))


def test_what_is_kept_names_no_place_of_a_machine_and_stays_small():
    files = [
        f for f in (ROOT / "results").rglob("*") if f.is_file() and "__pycache__" not in f.parts
    ]
    kinds = (".json", ".jsonl", ".csv", ".svg", ".html", ".md")
    text = "".join(f.read_text() for f in files if f.suffix in kinds)
    assert not re.search(r"[\"/ ](home|tmp|root|work|Users|mnt)/", text)
    for run in {f.parent for f in files if f.name == "study.json"}:
        assert sum(f.stat().st_size for f in run.rglob("*") if f.is_file()) < 1_100_000
