"""CONTRIBUTING names rooms that are there, and what an addition costs as it is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def test_every_room_is_there():
    packages = "|".join(path.parent.name for path in ROOT.glob("*/__init__.py"))
    rooms = re.findall(rf"`((?:{packages}|tests|examples)/[\w/.]*)`", TEXT)
    assert len(rooms) > 25
    missing = [room for room in rooms if "NAME" not in room and not (ROOT / room).exists()]
    assert not missing


def test_a_study_of_ones_own_has_the_lines_that_are_said():
    lines = len((ROOT / "examples" / "random_forest.py").read_text().splitlines())
    assert lines <= 45 and f"(examples/random_forest.py)) | {lines} lines" in TEXT
