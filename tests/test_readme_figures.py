"""README's tables and pictures are those of kept runs; these are small and of no machine."""

import base64
import hashlib
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from reports import markdown
from reports.reading import reading
from runs.folder import RunFolder
from service.keep import all_kept

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
README = (ROOT / "README.md").read_text()
PICTURES = re.findall(r"!\[.*?\]\((.*?)\)", README)
RUNS = [file.parent for file in sorted(RESULTS.glob("*/*/study.json"))]
PLACE_OF_A_MACHINE = re.compile(rb"[\"/ ](home|tmp|root|work|Users|mnt)/")


def tracked():
    """The files of results/ that belong to the repository, which a run that goes on adds to."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "results"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:  # an archive of the code
        return [file for file in RESULTS.rglob("*") if file.is_file()]
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def readings():
    return all_kept(RESULTS)


def test_the_tables_are_what_is_printed_for_the_runs_of_the_pictures():
    assert PICTURES
    for picture in PICTURES:
        shown = reading(RunFolder((ROOT / picture).parents[1]).read())
        assert (ROOT / picture).is_file()
        assert markdown.compared(shown) in README
        first = picture == PICTURES[0]
        assert (markdown.table(shown) in README) == first


def test_the_table_of_claims_is_what_the_kept_runs_say(readings):
    """Of every claim of the studies that README tells of; there may be other studies."""
    head, rule, *lines = markdown.claims_table([one.run for one in readings], RESULTS).split("\n")
    told = re.findall(r"^\| \*\*.*$", README, re.MULTILINE)
    assert f"{head}\n{rule}\n" in README
    assert told and set(told) <= set(lines)
    linked = set(re.findall(r"\(results/(\w+)/", "".join(told)))
    assert {line for line in lines if linked & set(re.findall(r"results/(\w+)/", line))} == set(
        told
    )


def test_every_kept_run_has_its_report_and_readme_leads_to_some():
    assert all((run / name).is_file() for run in RUNS for name in ("report.html", "answer.json"))
    links = re.findall(r"\]\((results/[^)]*report\.html)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).is_file(), link


def test_the_first_command_is_that_of_the_first_picture():
    command = re.search(r"python -m studies\.\S+ --data-dir DATA .*(\n.*)?", README).group()
    about = markdown.about(reading(RunFolder((ROOT / PICTURES[0]).parents[1]).read()))
    assert " ".join(command.replace("\\\n", " ").split()) in about


def test_the_list_of_kept_runs_is_what_is_written(readings):
    page = (RESULTS / "README.md").read_text()
    assert page == markdown.kept_runs(readings, RESULTS)
    assert all((RESULTS / p).is_file() for p in re.findall(r"!\[.*?\]\((.*?)\)", page))


def test_what_is_kept_is_data_alone_and_small():
    files = tracked()
    assert not any(file.suffix == ".py" for file in files)
    # Tuned runs keep what was drawn, six trials where others have one.
    assert sum(file.stat().st_size for file in files) < 660e3 * len(RUNS)
    for run in RUNS:
        assert len([file for file in files if run in file.parents]) <= 10, run


def test_what_is_kept_names_no_place_of_a_machine():
    pictures = (".webp", ".npz")
    for file in tracked():
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                names = [name for name in archive.namelist() if not name.endswith(pictures)]
                contents = [archive.read(name) for name in names]
        else:
            contents = [] if file.suffix in pictures else [file.read_bytes()]
        for content in contents:
            assert not PLACE_OF_A_MACHINE.search(content), file


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.parent.name}/{run.name}")
def test_every_picture_is_kept_once(run):
    page = (run / "report.html").read_text()
    files = [file.read_bytes() for file in (run / "figures").iterdir()]
    inside = re.findall(r"data:image/[a-z+]+;base64,([A-Za-z0-9+/=]+)", page)
    marks = [hashlib.sha256(one).digest() for one in [*files, *map(base64.b64decode, inside)]]
    assert len(marks) == len(set(marks))
    linked = set(re.findall(r'"(figures/[^"]+)"', page))
    assert linked == {f"figures/{file.name}" for file in (run / "figures").iterdir()}
