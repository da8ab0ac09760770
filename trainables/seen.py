"""What a trial was given, counted from the images themselves and left for the audit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from images import Images, Splits

BLOCK = 256  # images read at once


def record(splits: Splits, folder: Path) -> None:
    """Leave seen.json: for "train", "val" and "test" the images' height and width and how many
    there are of every class, and as "shared" how many test images are, pixel by pixel, also in
    train or validation."""
    parts = {"train": splits.train, "val": splits.val, "test": splits.test}
    found: dict[str, Any] = {
        name: {"size": list(part.store.shape[2:]), "per_class": part.per_class.tolist()}
        for name, part in parts.items()
    }
    learnt = set(_digests(splits.train)) | set(_digests(splits.val))
    found["shared"] = sum(digest in learnt for digest in _digests(splits.test))
    (folder / "seen.json").write_text(json.dumps(found) + "\n")


def _digests(images: Images) -> list[bytes]:
    rows = np.arange(len(images)) if images.rows is None else images.rows
    found = []
    for start in range(0, len(rows), BLOCK):
        for image in np.ascontiguousarray(images.store[rows[start : start + BLOCK]]):
            found.append(hashlib.blake2b(image, digest_size=16).digest())
    return found
