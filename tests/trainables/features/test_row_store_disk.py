"""The array on disk where the disk is too small, fills up, or rows have no values yet."""

import errno
import os
import shutil
from typing import NamedTuple

import numpy as np
import pytest

from trainables.features import row_store

pytestmark = pytest.mark.usefixtures("small_blocks")


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(
    store, rows, Compute, tmp_path, monkeypatch
):
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


def test_only_what_is_missing_must_fit_on_the_disk(store, rows, tmp_path, monkeypatch):
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


def test_rows_without_values_take_no_disk(store, rows, tmp_path):
    kept = store(tmp_path, shape=(50_000,))
    kept.fetch(rows((3, 5)), lambda block: np.ones((len(block), 50_000)))
    size = (kept.entry / "values.npy").stat()
    assert size.st_size > 10_000_000 > 1_000_000 > size.st_blocks * 512


def test_a_disk_that_fills_up_is_a_sentence_and_costs_only_the_block_that_failed(
    store, rows, expected, Compute, tmp_path, monkeypatch
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
    array = store(tmp_path).fetch(rows((0, 10)), compute)
    assert compute.rows == list(range(4, 10))
    np.testing.assert_array_equal(array[:10], expected(rows((0, 10))))
