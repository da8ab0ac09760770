"""What a trial was given, counted from the images themselves and left for the audit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from images import Images, Splits
from runs.artifacts import Seen, Split

BLOCK = 256  # images read at once


def record(splits: Splits, folder: Path) -> None:
    """Leave what the splits hold, and what train or validation shares with test (`Seen`)."""
    learnt = set(_digests(splits.train)) | set(_digests(splits.val))
    shared = sum(digest in learnt for digest in _digests(splits.test))
    Seen(_split(splits.train), _split(splits.val), _split(splits.test), shared).save(folder)


def _split(images: Images) -> Split:
    return Split(tuple(images.store.shape[2:]), tuple(images.per_class.tolist()))


def _digests(images: Images) -> list[bytes]:
    rows = np.arange(len(images)) if images.rows is None else images.rows
    digests = []
    for start in range(0, len(rows), BLOCK):
        for image in np.ascontiguousarray(images.store[rows[start : start + BLOCK]]):
            digests.append(hashlib.blake2b(image, digest_size=16).digest())
    return digests
