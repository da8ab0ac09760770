"""Pictures drawn by several processes: what comes back, and in which order."""

import os
from functools import partial
from pathlib import Path

import pytest

from reports.figures.side_processes import FEW, run_all


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


@pytest.mark.parametrize("jobs", [0, FEW, FEW + 1])
def test_files_come_back_in_the_order_of_what_was_asked_for(jobs):
    names = [f"{i}.{kind}" for i in range(jobs) for kind in ("png", "svg")]
    asked = [partial(sorted, names[i : i + 2]) for i in range(0, len(names), 2)]
    assert run_all(asked) == names


@pytest.mark.parametrize("jobs", [1, FEW + 1])
def test_an_error_is_raised_as_it_was(jobs, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        run_all([partial(Path.read_bytes, tmp_path / "nothing")] * jobs)
