"""Whatever command the page of a kept run prints works when it is pasted: with --dry-run added."""

import html
import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest

from service.cli import execute
from service.options import parse

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
PAGES = sorted(RESULTS.rglob("*.html"))


def printed(page):
    """The commands that start a study, in the order in which they stand on a page."""
    blocks = re.findall(r"<(code|pre)>(.*?)</\1>", page.read_text(), re.DOTALL)
    commands = (html.unescape(text).strip() for _, text in blocks)
    return [command for command in commands if command.startswith("python -m studies.")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder as that in which the runs were made: outputs, and the names for data and weights."""
    place = tmp_path_factory.mktemp("user")
    (place / "DATA").mkdir()
    (place / "WEIGHTS").mkdir()
    (place / "WEIGHTS" / "resnet18_tinyimagenet100.safetensors").write_bytes(b"stand-in")
    shutil.copytree(RESULTS, place / "outputs", ignore=shutil.ignore_patterns("*.npz", "*.png"))
    return place


def test_pages_print_commands():
    assert sum(len(printed(page)) for page in PAGES) > 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(RESULTS).as_posix())
def test_every_command_of_a_page_lists_what_it_would_run(page, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    for command in dict.fromkeys(printed(page)):
        _, _, module, *words = shlex.split(command)
        study = importlib.import_module(module).STUDY
        options, values = parse(f"python -m {module}", "", study.settings, [*words, "--dry-run"])
        assert execute(study, options, values)[0] == 0, command
        listed = capsys.readouterr().out
        assert f"{study.name}: " in listed and " trials" in listed
