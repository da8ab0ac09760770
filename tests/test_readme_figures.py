"""README's table and picture are those of a kept run, made by the scripts in results/."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_table_is_what_the_script_prints_for_the_run_of_the_picture():
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    run = (ROOT / picture).parents[1]
    assert (ROOT / picture).is_file()
    spec = importlib.util.spec_from_file_location("table", ROOT / "results" / "table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.table(run) in README


def test_what_is_kept_names_no_place_of_a_machine_and_stays_small():
    files = [
        f for f in (ROOT / "results").rglob("*") if f.is_file() and "__pycache__" not in f.parts
    ]
    text = "".join(f.read_text() for f in files if f.suffix in (".json", ".jsonl", ".csv", ".svg"))
    assert not re.search(r"[\"/ ](home|tmp|root|work|Users|mnt)/", text)
    for run in {f.parent for f in files if f.name == "study.json"}:
        assert sum(f.stat().st_size for f in run.rglob("*") if f.is_file()) < 1_000_000
