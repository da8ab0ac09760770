"""An array on disk, one row an image, that is computed row by row and never twice.

An entry is a folder `<name>-<key>/`, its key a hash of everything that decides the values:
values.npy (one row for each image of the data set, most of them holes in the file while they are
unknown), done.npy (a byte a row, 1 once its values are safely on disk) and meta.json (what the key
hashes). Rows are written and marked a block at a time, so that a killed process leaves a shorter
entry and not a wrong one: the next goes on where it stopped. Entries stay until a user deletes
them.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.protocol import Progress

BLOCK = 256  # rows computed and marked together: what a killed process loses at most
_SPARE_BYTES = 64 * 2**20

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class RowStore:
    """The array (total, *shape) of `dtype` kept in `folder` under `name` and what `identity` says.

    folder: of all entries.
    name: what the entry's name begins with, and what messages call the array.
    identity: everything that decides the values, ready for JSON: another identity is another entry.
    total: rows, one for each image of the data set.
    shape: of a row.
    dtype: as numpy names it.
    """

    folder: Path
    name: str
    identity: Mapping[str, Any]
    total: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def entry(self) -> Path:
        """The entry's folder."""
        text = json.dumps(self._meta, sort_keys=True)
        return self.folder / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def _meta(self) -> dict[str, Any]:
        shape, dtype = [self.total, *self.shape], np.dtype(self.dtype).name
        return {**self.identity, "shape": shape, "dtype": dtype}

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def missing(self, rows: Rows) -> Rows:
        """Those of `rows` that are not on disk yet, sorted."""
        rows = np.unique(rows)
        done = self._done()
        return rows if done is None else rows[done[rows] == 0]

    def fetch(
        self,
        rows: Rows,
        compute: Callable[[Rows], NDArray[Any]],
        progress: Progress | None = None,
    ) -> NDArray[Any]:
        """The whole array, mapped into memory, of which `rows` are valid; computes what is missing.

        Of processes that start together one computes and the others wait.

        rows: int64 (M,), in any order, also several times.
        compute: called with up to BLOCK sorted rows, gives (len(rows), *shape).
        progress: counts images; its text says the disk they take.

        Raises ValueError, one sentence, if the folder cannot be written or its disk is too small.
        """
        if len(self.missing(rows)):
            from filelock import FileLock

            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with FileLock(f"{self.entry}.lock"):
                    self._add(self.missing(rows), compute, progress)
            except OSError as error:
                raise ValueError(
                    f"The features {self.name} must fit on the disk of {self.folder}, which must "
                    f"be writable; writing them failed: {error.strerror or error}."
                ) from error
        # Copy-on-write: torch takes it without a copy, and a stray write stays in its process.
        values: NDArray[Any] = np.load(self.entry / "values.npy", mmap_mode="c")
        return values.view(np.ndarray)  # a plain array: what numpy's memmap adds is slow

    def check_disk(self, rows: Rows) -> float:
        """Megabytes that the missing rows will take.

        Raises ValueError, one sentence, if the disk is too small.
        """
        needed = len(self.missing(rows)) * self.row_bytes
        place = next(p for p in (self.folder, *self.folder.parents) if p.exists())
        if needed and needed + _SPARE_BYTES > (free := shutil.disk_usage(place).free):
            raise ValueError(
                f"The features {self.name} need {needed / 1e6:,.0f} MB of disk; "
                f"{self.folder} has {free / 1e6:,.0f} MB free."
            )
        return needed / 1e6

    def _done(self) -> NDArray[np.uint8] | None:
        """A byte a row, or None when there is no entry, or one that another hand has damaged."""
        try:
            if json.loads((self.entry / "meta.json").read_text()) != self._meta:
                return None
            values = np.load(self.entry / "values.npy", mmap_mode="r")
            done: NDArray[np.uint8] = np.load(self.entry / "done.npy")
        except (FileNotFoundError, NotADirectoryError, ValueError, EOFError):
            return None
        fits = values.shape == (self.total, *self.shape) and values.dtype == np.dtype(self.dtype)
        return done if fits and done.shape == (self.total,) else None

    def _add(self, rows: Rows, compute: Callable[[Rows], Any], progress: Progress | None) -> None:
        if not len(rows):
            return
        size = self.check_disk(rows)
        if self._done() is None:
            self._create()
        what = f"features {self.name}, {size:,.0f} MB"
        if progress is not None:
            progress(what, 0, len(rows))
        with (
            (self.entry / "values.npy").open("r+b") as values,
            (self.entry / "done.npy").open("r+b") as done,
        ):
            begins = [_skip_header(file) for file in (values, done)]
            for start in range(0, len(rows), BLOCK):
                block = rows[start : start + BLOCK]
                computed = np.ascontiguousarray(compute(block), self.dtype)
                if computed.shape != (len(block), *self.shape):
                    raise ValueError(f"Rows of shape {self.shape} are kept; got {computed.shape}.")
                # Plain writes, not a mapped file: a full disk is then an error and not a SIGBUS.
                runs = np.flatnonzero(np.diff(block) > 1) + 1  # rows side by side are one write
                for at in np.split(np.arange(len(block)), runs):
                    values.seek(begins[0] + int(block[at[0]]) * self.row_bytes)
                    values.write(computed[at].tobytes())
                _sync(values)  # values reach the disk before the marks that vouch for them
                for row in block:
                    done.seek(begins[1] + int(row))
                    done.write(b"\1")
                _sync(done)
                if progress is not None:
                    progress(what, start + len(block), len(rows))

    def _create(self) -> None:
        building = self.entry.with_name(self.entry.name + ".making")
        for left in (building, self.entry):
            shutil.rmtree(left, ignore_errors=True)
        building.mkdir(parents=True)
        for file, shape, dtype in (
            ("values.npy", (self.total, *self.shape), self.dtype),
            ("done.npy", (self.total,), "uint8"),
        ):
            with (building / file).open("wb") as out:
                descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
                header = {"descr": descr, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(out, header)
                # A hole: it takes no disk until rows are written into it.
                out.truncate(out.tell() + math.prod(shape) * np.dtype(dtype).itemsize)
        (building / "meta.json").write_text(json.dumps(self._meta, indent=2))
        building.rename(self.entry)


def _skip_header(file: Any) -> int:
    """Where the values of a .npy file begin, in bytes."""
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return int(file.tell())


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
