"""The array on disk when processes are killed, wait for each other, fail, or files are damaged."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from trainables.features import row_store

pytestmark = pytest.mark.usefixtures("small_blocks")

ROOT = Path(row_store.__file__).parents[2]
TOTAL = 60

# Fetches rows and notes those that it computes, a line a block, when a line on stdin lets it go;
# kills itself the turn-th time that it is at a place: compute, fsync or rename.
# argv: folder, notes, first row, end of rows, place, turn.
WORKER = """
import os, signal, sys, time
from pathlib import Path
import filelock  # before it is ready: what is imported later would hold it up
import numpy as np
from trainables.features import row_store

folder, notes, first, end, place, turn = sys.argv[1:]
left = int(turn)
row_store.BLOCK = 4

def passing(here):
    global left
    left -= here == place
    if here == place and left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def dangerous(here, function):
    def call(*arguments):
        passing(here)
        return function(*arguments)
    return call

os.fsync = dangerous("fsync", os.fsync)
Path.rename = dangerous("rename", Path.rename)

def compute(rows):
    with open(notes, "a") as file:
        file.write(" ".join(map(str, rows)) + "\\n")
    passing("compute")
    time.sleep(0.05)
    return rows[:, None] * 10 + np.arange(3)

print("ready", flush=True)
sys.stdin.readline()
rows = np.arange(int(first), int(end))
store = row_store.RowStore(Path(folder), "rows", {"of": "tests"}, 60, (3,), "float32")
np.testing.assert_array_equal(store.fetch(rows, compute)[rows], rows[:, None] * 10 + np.arange(3))
"""


def worker(folder, notes, first=0, end=TOTAL, place="nowhere", turn=0):
    arguments = map(str, (folder, notes, first, end, place, turn))
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(*workers):
    """Let workers go together once all are ready; their exit codes."""
    try:
        for process in workers:
            assert process.stdout.readline() == "ready\n"
        for process in workers:
            process.stdin.write("\n")
            process.stdin.flush()
        return [process.wait(timeout=60) for process in workers]
    finally:
        for process in workers:
            process.kill()
            process.communicate()


def noted(notes):
    return [int(row) for row in notes.read_text().split()] if notes.exists() else []


# Every block syncs its values, then its marks: the fifth sync is of the third block's values.
@pytest.mark.parametrize(
    ("place", "turn", "marked"),
    [("compute", 3, 8), ("fsync", 5, 8), ("fsync", 6, 12), ("rename", 1, 0)],
)
def test_after_a_kill_the_next_goes_on_with_what_was_not_marked(
    store, rows, Compute, tmp_path, place, turn, marked
):
    notes = tmp_path / "notes"
    assert finish(worker(tmp_path / "cut", notes, 0, 30, place, turn)) == [-signal.SIGKILL]
    assert len(noted(notes)) == {"compute": 12, "fsync": 12, "rename": 0}[place]

    compute, wanted = Compute(), rows((0, 30))
    np.testing.assert_array_equal(store(tmp_path / "cut").missing(wanted), np.arange(marked, 30))
    array = store(tmp_path / "cut").fetch(wanted, compute)
    assert compute.rows == list(range(marked, 30))
    undisturbed = store(tmp_path / "whole").fetch(wanted, Compute())
    np.testing.assert_array_equal(array, undisturbed)
    assert not list((tmp_path / "cut").glob("*.building"))


def test_processes_that_start_together_compute_every_row_once(tmp_path):
    notes = tmp_path / "notes"
    workers = [worker(tmp_path, notes, *part) for part in ((0, 40), (20, 60))]
    assert finish(*workers) == [0, 0]
    assert sorted(noted(notes)) == list(range(TOTAL))


def test_a_process_that_waited_for_one_that_was_killed_goes_on(store, rows, tmp_path):
    notes = tmp_path / "notes"
    workers = [worker(tmp_path, notes, 0, 60, "compute", 5) for _ in range(2)]
    assert finish(*workers) == [-signal.SIGKILL, -signal.SIGKILL]
    # Each computed five blocks, and only the fifth of whoever was first was computed again.
    assert noted(notes) == [*range(20), *range(16, 36)]
    np.testing.assert_array_equal(store(tmp_path).missing(rows((0, 60))), np.arange(32, 60))


@pytest.mark.parametrize("file", ["values.npy", "done.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage", "another's"])
def test_a_damaged_entry_is_built_again_and_not_used(
    store, rows, expected, Compute, tmp_path, file, damage
):
    wanted = rows((0, 10))
    entry = store(tmp_path).entry
    store(tmp_path).fetch(wanted, Compute())
    path = entry / file
    whole = path.read_bytes()
    path.unlink()
    if damage == "another's":
        other = store(tmp_path, total=TOTAL + 1)
        other.fetch(wanted, Compute())
        shutil.copy(other.entry / file, path)
    elif damage != "missing":
        path.write_bytes({"empty": b"", "cut": whole[:-2], "garbage": b"\x80garbage" * 40}[damage])

    compute = Compute()
    np.testing.assert_array_equal(store(tmp_path).missing(wanted), wanted)
    array = store(tmp_path).fetch(wanted, compute)
    assert compute.rows == wanted.tolist()
    np.testing.assert_array_equal(array[wanted], expected(wanted))
    assert path.stat().st_size == len(whole)
    assert json.loads((entry / "meta.json").read_text())["shape"] == [TOTAL, 3]


def test_an_entry_is_used_from_a_folder_that_cannot_be_written(
    store, rows, expected, Compute, tmp_path
):
    store(tmp_path).fetch(rows((0, 10)), Compute())
    lock = Path(f"{store(tmp_path).entry}.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()  # from here on every attempt to compute would fail
    array = store(tmp_path).fetch(rows((2, 6)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(array[2:6], expected(rows((2, 6))))
    with pytest.raises(ValueError, match="which must be writable; writing them failed: "):
        store(tmp_path).fetch(rows((0, 20)), Compute())


@pytest.mark.parametrize("below", ["", "further/down"])
def test_a_file_in_the_folders_place_is_refused_in_a_sentence(
    store, rows, Compute, tmp_path, below
):
    (tmp_path / "cache").write_text("")
    compute = Compute()
    with pytest.raises(ValueError, match=r"features rows must fit .*cache.*must be writable.*\.$"):
        store(tmp_path / "cache" / below).fetch(rows((0, 10)), compute)
    assert compute.blocks == []


def test_a_computation_that_fails_leaves_the_blocks_before_it_and_the_lock_free(
    store, rows, expected, Compute, tmp_path
):
    class Broken(Exception):
        pass

    def failing(block):
        if 9 in block:
            raise Broken
        return expected(block)

    with pytest.raises(Broken):
        store(tmp_path).fetch(rows((0, 20)), failing)
    with FileLock(f"{store(tmp_path).entry}.lock", timeout=1):
        np.testing.assert_array_equal(store(tmp_path).missing(rows((0, 20))), np.arange(8, 20))
    compute = Compute()
    array = store(tmp_path).fetch(rows((0, 20)), compute)
    assert compute.rows == list(range(8, 20))
    np.testing.assert_array_equal(array[:20], expected(rows((0, 20))))
