"""Pictures drawn by several processes: what comes back, in which order, and of what."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from reports.figures import side_processes
from reports.figures.side_processes import run_all

CORES = pytest.mark.parametrize("cores", [1, 2])


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(draw, tasks, reading, cores): what run_all returns on so many cores."""

    def of(draw, tasks, reading=None, cores=2):
        monkeypatch.setattr(side_processes, "_cores", lambda: cores)
        return run_all(draw, reading, tmp_path, tasks)

    return of


@CORES
def test_files_come_back_in_the_order_of_what_was_asked_for(run, cores, tmp_path):
    tasks = [(str(i), str(-i)) for i in range(5)]
    files = run(lambda _, folder, *names: [folder / name for name in names], tasks, cores=cores)
    assert files == [tmp_path / name for task in tasks for name in task]
    assert list(tmp_path.iterdir()) == []


@CORES
def test_an_error_is_raised_as_it_was(run, cores, tmp_path):
    def draw(_, folder):
        return [(folder / "nothing").read_bytes()]

    with pytest.raises(FileNotFoundError, match="nothing"):
        run(draw, [(), ()], cores=cores)
    assert list(tmp_path.iterdir()) == []


def test_the_reading_is_pickled_once_and_a_variant_stays_one_object_in_it(run, monkeypatch):
    dumps, sent = pickle.dumps, []
    monkeypatch.setattr(pickle, "dumps", lambda what: sent.append(what) or dumps(what))
    variant = SimpleNamespace(name="a")
    reading = SimpleNamespace(shown=[variant], looks=[variant])
    same = run(lambda read, *_: [Path(str(read.shown[0] is read.looks[0]))], 4 * [()], reading)
    assert same == 4 * [Path("True")]
    assert sent == [reading]
