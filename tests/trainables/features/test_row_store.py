"""The array on disk: no row is computed twice, whoever is killed, and nothing damaged is used."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from filelock import FileLock

from trainables.features import row_store
from trainables.features.row_store import RowStore

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


def expected(rows):
    return rows[:, None] * 10 + np.arange(3)


class Compute:
    """Gives the expected values and remembers the rows that it was asked for."""

    def __init__(self):
        self.blocks = []

    def __call__(self, rows):
        self.blocks.append(rows.tolist())
        return expected(rows)

    @property
    def rows(self):
        return [row for block in self.blocks for row in block]


def store(folder, **changes):
    parts = {"name": "rows", "identity": {"of": "tests"}, "total": TOTAL, "shape": (3,)}
    return RowStore(folder, **{**parts, "dtype": "float32", **changes})


def rows(*ranges):
    return np.concatenate([np.arange(*r) for r in ranges])


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


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_store, "BLOCK", 4)


@pytest.mark.parametrize("wanted", [rows((0, 10)), rows((1, 4), (7, 9), (40, 60, 3)), rows((5, 6))])
def test_values_are_found_at_their_rows_and_only_those_rows_are_computed(tmp_path, wanted):
    compute = Compute()
    found = store(tmp_path).fetch(wanted, compute)
    assert found.shape == (TOTAL, 3) and found.dtype == np.float32
    np.testing.assert_array_equal(found[wanted], expected(wanted))
    assert compute.rows == wanted.tolist()
    assert max(map(len, compute.blocks)) <= 4


def test_rows_that_are_asked_for_twice_or_out_of_order_are_computed_once_and_sorted(tmp_path):
    compute = Compute()
    found = store(tmp_path).fetch(np.array([9, 2, 9, 30, 2]), compute)
    assert compute.blocks == [[2, 9, 30]]
    np.testing.assert_array_equal(found[[30, 2]], expected(np.array([30, 2])))


def test_the_second_fetch_computes_nothing(tmp_path):
    first = store(tmp_path).fetch(rows((0, 20)), Compute())
    second = store(tmp_path).fetch(rows((0, 20)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(first, second)


def test_more_rows_extend_the_entry_and_leave_what_it_has(tmp_path):
    first, second = Compute(), Compute()
    store(tmp_path).fetch(rows((0, 20, 2)), first)
    wanted = rows((0, 30))
    np.testing.assert_array_equal(store(tmp_path).missing(wanted), rows((1, 20, 2), (20, 30)))
    found = store(tmp_path).fetch(wanted, second)
    assert second.rows == [*range(1, 20, 2), *range(20, 30)]
    np.testing.assert_array_equal(found[wanted], expected(wanted))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_float16_is_kept_as_such_in_half_the_space(tmp_path):
    wide, narrow = store(tmp_path), store(tmp_path, dtype="float16")
    assert narrow.row_bytes * 2 == wide.row_bytes == 12
    values = np.random.default_rng(0).normal(size=(TOTAL, 3)).astype(np.float32)
    found = narrow.fetch(rows((0, TOTAL)), lambda block: values[block])
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, values.astype(np.float16))


def test_rows_may_have_any_number_of_dimensions(tmp_path):
    for shape in ((), (2, 3, 4)):
        kept = store(tmp_path, shape=shape)
        values = np.random.default_rng(0).normal(size=(TOTAL, *shape)).astype(np.float32)
        wanted = rows((3, 7), (20, 31))
        found = kept.fetch(wanted, lambda block, values=values: values[block])
        np.testing.assert_array_equal(found[wanted], values[wanted])


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": {"of": "others"}},
        {"identity": {"of": "tests", "more": None}},
        {"shape": (4,)},
        {"shape": (3, 1)},
        {"total": TOTAL + 1},
        {"dtype": "float16"},
        {"name": "columns"},
    ],
    ids=str,
)
def test_whatever_decides_the_values_makes_another_entry(tmp_path, changes):
    store(tmp_path).fetch(rows((0, 8)), Compute())
    other = store(tmp_path, **changes)
    assert other.entry != store(tmp_path).entry
    assert len(other.missing(rows((0, 8)))) == 8
    found = other.fetch(rows((0, 8)), lambda block: np.full((len(block), *other.shape), 7))
    assert (found[:8] == 7).all()
    kept = store(tmp_path).fetch(rows((0, 8)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(kept[:8], expected(rows((0, 8))))


def test_the_order_in_which_an_identity_is_written_does_not_matter(tmp_path):
    one = store(tmp_path, identity={"a": 1, "b": [2]})
    assert one.entry == store(tmp_path, identity={"b": [2], "a": 1}).entry


def test_a_stray_write_stays_out_of_the_entry(tmp_path):
    found = store(tmp_path).fetch(rows((0, 8)), Compute())
    found[:] = 0
    np.testing.assert_array_equal(
        store(tmp_path).fetch(rows((0, 8)), Compute())[:8], expected(rows((0, 8)))
    )


# Every block syncs its values, then its marks: the fifth sync is of the third block's values.
@pytest.mark.parametrize(
    ("place", "turn", "marked"),
    [("compute", 3, 8), ("fsync", 5, 8), ("fsync", 6, 12), ("rename", 1, 0)],
)
def test_after_a_kill_the_next_goes_on_with_what_was_not_marked(tmp_path, place, turn, marked):
    notes = tmp_path / "notes"
    assert finish(worker(tmp_path / "cut", notes, 0, 30, place, turn)) == [-signal.SIGKILL]
    assert len(noted(notes)) == {"compute": 12, "fsync": 12, "rename": 0}[place]

    compute, wanted = Compute(), rows((0, 30))
    np.testing.assert_array_equal(store(tmp_path / "cut").missing(wanted), np.arange(marked, 30))
    found = store(tmp_path / "cut").fetch(wanted, compute)
    assert compute.rows == list(range(marked, 30))
    undisturbed = store(tmp_path / "whole").fetch(wanted, Compute())
    np.testing.assert_array_equal(found, undisturbed)
    assert not list((tmp_path / "cut").glob("*.building"))


def test_processes_that_start_together_compute_every_row_once(tmp_path):
    notes = tmp_path / "notes"
    workers = [worker(tmp_path, notes, *part) for part in ((0, 40), (20, 60))]
    assert finish(*workers) == [0, 0]
    assert sorted(noted(notes)) == list(range(TOTAL))


def test_a_process_that_waited_for_one_that_was_killed_goes_on(tmp_path):
    notes = tmp_path / "notes"
    workers = [worker(tmp_path, notes, 0, 60, "compute", 5) for _ in range(2)]
    assert finish(*workers) == [-signal.SIGKILL, -signal.SIGKILL]
    # Each computed five blocks, and only the fifth of whoever was first was computed again.
    assert noted(notes) == [*range(20), *range(16, 36)]
    np.testing.assert_array_equal(store(tmp_path).missing(rows((0, 60))), np.arange(32, 60))


@pytest.mark.parametrize("file", ["values.npy", "done.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage", "another's"])
def test_a_damaged_entry_is_built_again_and_not_used(tmp_path, file, damage):
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
    found = store(tmp_path).fetch(wanted, compute)
    assert compute.rows == wanted.tolist()
    np.testing.assert_array_equal(found[wanted], expected(wanted))
    assert path.stat().st_size == len(whole)
    assert json.loads((entry / "meta.json").read_text())["shape"] == [TOTAL, 3]


def test_an_entry_is_used_from_a_folder_that_cannot_be_written(tmp_path):
    store(tmp_path).fetch(rows((0, 10)), Compute())
    lock = Path(f"{store(tmp_path).entry}.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()  # from here on every attempt to compute would fail
    found = store(tmp_path).fetch(rows((2, 6)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(found[2:6], expected(rows((2, 6))))
    with pytest.raises(ValueError, match="which must be writable; writing them failed: "):
        store(tmp_path).fetch(rows((0, 20)), Compute())


@pytest.mark.parametrize("below", ["", "further/down"])
def test_a_file_in_the_folders_place_is_refused_in_a_sentence(tmp_path, below):
    (tmp_path / "cache").write_text("")
    compute = Compute()
    with pytest.raises(ValueError, match=r"features rows must fit .*cache.*must be writable.*\.$"):
        store(tmp_path / "cache" / below).fetch(rows((0, 10)), compute)
    assert compute.blocks == []


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))
    compute, kept = Compute(), store(tmp_path / "cache", shape=(500_000,))
    sentence = r"^The features rows need 20 MB of disk; .*cache has 1 MB free\.$"
    with pytest.raises(ValueError, match=sentence):
        kept.check_disk(rows((0, 10)))
    assert not (tmp_path / "cache").exists()
    with pytest.raises(ValueError, match=sentence):
        kept.fetch(rows((0, 10)), compute)
    assert compute.blocks == [] and not kept.entry.exists()
    assert not list((tmp_path / "cache").glob("*.building"))


def test_only_what_is_missing_must_fit_on_the_disk(tmp_path, monkeypatch):
    kept = store(tmp_path, shape=(50_000,))

    def compute(block):
        return np.ones((len(block), 50_000))

    kept.fetch(rows((0, 8)), compute)
    free = row_store._SPARE_BYTES + 2 * 200_000  # room for two more
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - free, free))
    assert kept.check_disk(rows((0, 8))) == 0
    assert kept.check_disk(rows((0, 10))) == 0.4
    kept.fetch(rows((0, 10)), compute)
    with pytest.raises(ValueError, match="need 1 MB of disk"):
        kept.fetch(rows((0, 13)), compute)
    assert len(kept.missing(rows((0, 13)))) == 3


def test_rows_without_values_take_no_disk(tmp_path):
    kept = store(tmp_path, shape=(50_000,))
    kept.fetch(rows((3, 5)), lambda block: np.ones((len(block), 50_000)))
    size = (kept.entry / "values.npy").stat()
    assert size.st_size > 10_000_000 > 1_000_000 > size.st_blocks * 512


def test_a_disk_that_fills_up_is_a_sentence_and_costs_only_the_block_that_failed(
    tmp_path, monkeypatch
):
    synced = []
    real = os.fsync

    def filling(file):
        synced.append(file)
        if len(synced) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file)

    monkeypatch.setattr(os, "fsync", filling)
    with pytest.raises(ValueError, match=r"must fit on the disk.*No space left on device\."):
        store(tmp_path).fetch(rows((0, 10)), Compute())
    compute = Compute()
    found = store(tmp_path).fetch(rows((0, 10)), compute)
    assert compute.rows == list(range(4, 10))
    np.testing.assert_array_equal(found[:10], expected(rows((0, 10))))


def test_a_computation_that_fails_leaves_the_blocks_before_it_and_the_lock_free(tmp_path):
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
    found = store(tmp_path).fetch(rows((0, 20)), compute)
    assert compute.rows == list(range(8, 20))
    np.testing.assert_array_equal(found[:20], expected(rows((0, 20))))


def test_progress_says_the_name_and_size_before_anything_is_computed(tmp_path):
    kept, calls = store(tmp_path, shape=(100_000,)), []

    def fetch(wanted):
        calls.clear()
        kept.fetch(
            wanted,
            lambda block: np.ones((len(block), 100_000)),
            lambda *call: calls.append(call),
        )
        return calls

    assert {what for what, _, _ in fetch(rows((0, 10)))} == {"features rows, 4 MB"}
    assert [call[1:] for call in calls] == [(0, 10), (4, 10), (8, 10), (10, 10)]
    # Only those that are missing count.
    assert fetch(rows((0, 15)))[0] == ("features rows, 2 MB", 0, 5)
    assert fetch(rows((0, 15))) == []
