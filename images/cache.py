"""Decoded images of a source on disk, memory-mapped: decoded once, shared by a machine's processes.

An entry is a folder `<source>-<size>-<key>/` with pixels.npy (uint8 (M, 3, size, size)), index.npy
(int64 (3, N): row, label and is-test of every image; (4, N), with is-val, where validation is
given) and meta.json. It is written under another name and renamed when complete, so an entry that
can be seen is whole. Entries of sources that have changed since stay until a user deletes them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from files.regular import Refused
from images.source import Listing, Source
from images.splits import Indices, Pixels

Progress = Callable[[str, int, int], None]

FORMAT = 3  # a change of what is stored, or of how pictures are decoded, needs the next number
CORRUPT = "is corrupt"
_BUILDING = ".building"
_CHUNK = 256  # images decoded before they are written: bounds memory
_SPARE_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Decoded:
    """A source's images: `labels[i]` and `is_test[i]` (N,) belong to `pixels[rows[i]]`.

    pixels: uint8 (M, 3, size, size), M >= N since corrupt images keep an empty row; mapped
        copy-on-write, so that torch takes it without a copy and a stray write stays in its process.
    rows, labels: int64 (N,).
    is_test: bool (N,).
    is_val: bool (N,); None where validation is carved out of train.
    classes: the name of every label.
    fingerprint, verified, dropped, reasons: as in `DataInfo`.
    """

    pixels: Pixels
    rows: Indices
    labels: Indices
    is_test: NDArray[np.bool_]
    is_val: NDArray[np.bool_] | None
    classes: tuple[str, ...]
    fingerprint: str
    verified: bool | None
    dropped: list[str]
    reasons: dict[str, str]


def fetch(source: Source, folder: Path, size: int, progress: Progress | None = None) -> Decoded:
    """The decoded images of `source` at size x size pixels, kept in `folder`.

    Of processes that start together one decodes and the others wait.

    progress: called with (what, done, total), which counts images while decoding.

    Raises ValueError if the folder cannot be written, its disk is too small or no image can be
    decoded, and FileNotFoundError if the source is nowhere.
    """
    source.obtain()
    key = hashlib.sha256(repr((source.stamp(), size, FORMAT)).encode()).hexdigest()[:16]
    kind = re.sub(r"[^A-Za-z0-9_.-]", "_", source.name)
    entry = folder / f"{kind}-{size}-{key}"
    decoded = _open(entry)
    if decoded is None:
        with _locked(folder):
            decoded = _open(entry)  # another process may have built it while this one waited
            if decoded is None:
                _clean(folder, entry)
                _build(source, entry, size, progress)
                decoded = _open(entry)
    if decoded is None:
        raise ValueError(f"The decoded images must be readable after writing; {entry} is not.")
    return decoded


def _open(entry: Path) -> Decoded | None:
    """The entry, or None when it is missing or damaged."""
    try:
        meta = json.loads((entry / "meta.json").read_text())
        pixels = np.load(entry / "pixels.npy", mmap_mode="c")
        rows, labels, is_test, *is_val = np.load(entry / "index.npy")
        return Decoded(
            pixels=pixels.view(np.ndarray),  # a plain array: what numpy's memmap adds is slow
            rows=rows,
            labels=labels,
            is_test=is_test.astype(bool),
            is_val=is_val[0].astype(bool) if is_val else None,
            classes=tuple(meta["classes"]),
            fingerprint=meta["fingerprint"],
            verified=meta["verified"],
            dropped=meta["dropped"],
            reasons=meta["reasons"],
        )
    except (OSError, ValueError, KeyError, EOFError):
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the cache folder's one lock: builds are rare, and its holder may clean up."""
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire()
    except OSError as error:
        raise ValueError(
            f"The data folder must be writable, because decoded images are kept below it; "
            f"{folder} is not: {error.strerror or error}."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _clean(folder: Path, entry: Path) -> None:
    for left in [*folder.glob(f"*{_BUILDING}"), entry]:
        if left.exists():
            shutil.rmtree(left)


def _build(source: Source, entry: Path, size: int, progress: Progress | None) -> None:
    listing = source.listing()
    needed = len(listing.names) * 3 * size * size + _SPARE_BYTES
    if needed > (free := shutil.disk_usage(entry.parent).free):
        raise ValueError(
            f"The decoded images of {source.name} need {needed / 1e6:,.0f} MB of disk; "
            f"{entry.parent} has {free / 1e6:,.0f} MB free."
        )
    building = entry.with_name(entry.name + _BUILDING)
    building.mkdir()
    try:
        _write(source, listing, building, size, progress)
        building.rename(entry)
    except OSError as error:
        raise ValueError(
            f"The decoded images of {source.name} must fit on the disk of {entry.parent}; "
            f"writing them failed: {error.strerror or error}."
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write(
    source: Source, listing: Listing, folder: Path, size: int, progress: Progress | None
) -> None:
    total = len(listing.names)
    digests: list[bytes] = []
    kept = np.ones(total, bool)
    reasons: dict[str, str] = {}
    # Plain writes, not a mapped file: a disk that fills up is then an error and not a SIGBUS.
    with (folder / "pixels.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (total, 3, size, size)}
        np.lib.format.write_array_header_1_0(file, header)
        for row, (digest, pixels) in enumerate(_decoded(source, total, size)):
            digests.append(digest)
            kept[row] = not isinstance(pixels, str)
            if isinstance(pixels, str):
                reasons[listing.names[row]] = pixels
                file.write(bytes(3 * size * size))
            else:
                file.write(pixels.tobytes())
            if progress is not None:
                progress(f"decoding {source.name}", row + 1, total)
        file.flush()
        os.fsync(file.fileno())  # a rename may reach the disk before the content does
    if total and not kept.any():
        raise ValueError(
            f"The images of {source.name} must be pictures; none of {total} can be used, such as "
            f"{listing.names[0]}, which {reasons[listing.names[0]]}."
        )
    index = [np.flatnonzero(kept), listing.labels[kept], listing.is_test[kept]]
    if listing.is_val is not None:
        index.append(listing.is_val[kept])
    np.save(folder / "index.npy", np.stack(index, dtype=np.int64, casting="unsafe"))
    meta = {
        "fingerprint": (fingerprint := _fingerprint(listing.names, digests)),
        "verified": source.verified(fingerprint),
        "classes": listing.classes,
        "dropped": [listing.names[row] for row in np.flatnonzero(~kept)],
        "reasons": {name: why for name, why in reasons.items() if why != CORRUPT},
    }
    (folder / "meta.json").write_text(json.dumps(meta))


def _decoded(source: Source, total: int, size: int) -> Iterator[tuple[bytes, Pixels | str]]:
    """For every image in order: its content's digest, and its pixels or why it is left out."""

    def one(index: int) -> tuple[bytes, Pixels | str]:
        try:
            content = source.read(index)
        except Refused as refused:  # what is not read counts as empty
            return hashlib.sha256(b"").digest(), refused.why
        digest = hashlib.sha256(content).digest()
        try:
            return digest, source.decode(content, size)
        except MemoryError:
            raise
        except Refused as refused:
            return digest, refused.why
        except Exception:  # Pillow raises a dozen kinds for broken files
            return digest, CORRUPT

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, total, _CHUNK):
            yield from pool.map(one, range(start, min(start + _CHUNK, total)))


def _fingerprint(names: tuple[str, ...], digests: list[bytes]) -> str:
    total = hashlib.sha256()
    for name, digest in sorted(zip(names, digests, strict=True)):
        total.update(os.fsencode(name) + b"\0" + digest)
    return total.hexdigest()
