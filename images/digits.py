"""Handwritten digits: the data set that ships inside scikit-learn, for the demo and the tests.

10 classes "0".."9", 1,797 grey images of 8 x 8 pixels in 17 levels, here RGB 0..255 resized to the
size asked.
Source: the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI,
1998, doi:10.24432/C50P49), by `sklearn.datasets.load_digits`. Licence: CC BY 4.0.

Test: a fixed 20 % of every class (359 images), the same for every seed. Validation: carved by the
seed out of the other 1,438, which are train. The same people may have written digits in all three
parts.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from images.counts import Counts
from images.decode import square
from images.source import Listing
from images.splits import Pixels

CLASSES = tuple("0123456789")
TRAIN = (142, 146, 142, 146, 145, 146, 145, 143, 139, 144)
TEST = (36, 36, 35, 37, 36, 36, 36, 36, 35, 36)
FINGERPRINT = "eac11d71a74c024bfa1fe69852bf913d1d0a294ab1709da9ace3f973643e936a"
_SIDE = 8
_LEVELS = 16


class Digits:
    """The `Source` of the digits; needs no files and no network."""

    name = "digits"

    def __init__(self, argument: str = "", data_dir: Path | None = None) -> None:
        """Both arguments are there for sources with files; digits have none."""

    def counts(self) -> Counts:
        """The published numbers, without importing scikit-learn."""
        return Counts(CLASSES, TRAIN, TEST)

    def obtain(self) -> None:
        """Nothing: they are installed."""

    def stamp(self) -> str:
        """The published fingerprint: they never change, and a stamp must not cost an import."""
        return FINGERPRINT

    @cached_property
    def _loaded(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped, unused-ignore]

        bunch = load_digits()
        return bunch.images.astype(np.uint8), bunch.target.astype(np.int64)

    def listing(self) -> Listing:
        """All 1,797 images in scikit-learn's order."""
        labels = self._loaded[1]
        is_test = np.zeros(len(labels), bool)
        for label, size in enumerate(TEST):
            rows = np.flatnonzero(labels == label)
            # Evenly spaced: neighbours in the file are often by one hand, and test should know
            # many.
            is_test[rows[np.arange(size) * len(rows) // size]] = True
        names = tuple(f"{row:04d}" for row in range(len(labels)))
        return Listing(names, labels, is_test, CLASSES)

    def read(self, index: int) -> bytes:
        """The 64 grey levels of an image, a byte each, 0..16."""
        content: bytes = self._loaded[0][index].tobytes()
        return content

    def decode(self, content: bytes, size: int) -> Pixels:
        """Grey levels as RGB pixels, uint8 (3, size, size), 0..255."""
        from PIL import Image

        levels = np.frombuffer(content, np.uint8).reshape(_SIDE, _SIDE)
        grey = np.round(levels * (255 / _LEVELS)).astype(np.uint8)
        return square(Image.fromarray(grey).convert("RGB"), size)

    def verified(self, fingerprint: str) -> bool:
        """Whether scikit-learn still ships the images that were published."""
        return fingerprint == FINGERPRINT
