"""STL-10: 10 classes of objects in colour at 96 x 96 pixels, as `DATA/stl10_binary.tar.gz`.

Classes airplane, bird, car, cat, deer, dog, horse, monkey, ship, truck; 5,000 train images, 500 a
class, and 8,000 test images, 800 a class: the published test is our test. The published folds and
the 100,000 images without labels are not used. Validation: carved by the seed out of train.
Source: http://ai.stanford.edu/~acoates/stl10/ (2.6 GB), Coates, Lee and Ng, "An Analysis of
Single-Layer Networks in Unsupervised Feature Learning", AISTATS 2011. Terms: the images come from
labelled examples of ImageNet, whose terms hold: non-commercial research and education.

The labelled files of the archive are unpacked into `DATA/stl10_binary/` (370 MB); where that folder
is, the archive is not looked at. In it, `<part>_X.bin` holds uint8 N x 3 x 96 x 96, each channel
column after column; `<part>_y.bin` N labels 1..10 for the lines of `class_names.txt`. N is free.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from files import limits, regular
from files.download import matches
from images.counts import Counts, count
from images.decode import square
from images.published import Release
from images.source import Listing
from images.splits import Pixels
from images.tree import FolderTree
from images.unpack import unpack

CLASSES = (
    "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
)  # fmt: skip
RELEASE = Release(
    "stl10_binary.tar.gz",
    "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    "md5:91f7769df0f17e558f3565bffb0c7dfb",
)
MD5 = {  # as torchvision.datasets.STL10 has them
    "test_X.bin": "7f263ba9f9e0b06b93213547f721ac82",
    "test_y.bin": "36f9794fa4beb8a2c72628de14fa638e",
    "train_X.bin": "918c2871b30a85fa023e0c44e0bee87f",
    "train_y.bin": "5a34089d4802c674881badbb80307741",
}
_NAMES = "class_names.txt"
_PARTS = ("test", "train")  # in the order of the images' names
_SIDE = 96
_BYTES = 3 * _SIDE * _SIDE


class STL10:
    """The `Source` of STL-10. Building one reads nothing."""

    name = "stl10"

    def __init__(self, argument: str = "", data_dir: Path | None = None) -> None:
        """`argument` is there for sources that have one."""
        self._folder = (data_dir or Path()) / "stl10_binary"
        self._tree = FolderTree(self._folder)

    def counts(self) -> Counts:
        """Images by class; the published numbers until the folder is there."""
        if not self._folder.is_dir():
            return Counts(CLASSES, (500,) * 10, (800,) * 10)
        listing = self._listing
        return count(listing.labels, listing.is_test, listing.classes)

    def obtain(self) -> None:
        """Unpack the archive unless its folder is there, and download it unless it is."""
        if self._folder.is_dir():
            return
        archive = self._folder.with_name(RELEASE.file)
        if not archive.exists():
            RELEASE.fetch(self.name, archive.parent)
        unpack(archive, self._folder, (*MD5, _NAMES))

    def stamp(self) -> str:
        """The sizes and times of change of the five files."""
        return self._tree.stamp((*MD5, _NAMES))

    def listing(self) -> Listing:
        """The test images, then the train images, in the order of the files."""
        return self._listing

    @cached_property
    def _listing(self) -> Listing:
        classes = self._classes()
        order = sorted(classes)
        renumbered = np.array([order.index(name) for name in classes], np.int64)
        parts = {part: self._labels(part, len(classes)) for part in _PARTS}
        return Listing(
            names=tuple(f"{part}/{i:06d}" for part in _PARTS for i in range(len(parts[part]))),
            labels=renumbered[np.concatenate([parts[part] for part in _PARTS])],
            is_test=np.repeat([part == "test" for part in _PARTS], list(map(len, parts.values()))),
            classes=tuple(order),
        )

    def _classes(self) -> list[str]:
        names = self._tree.read(_NAMES, limits.TEXT_BYTES).decode(errors="replace").split("\n")
        names = [name.strip() for name in names if name.strip()]
        if not names or len(set(names)) < len(names) or len(names) > 255:
            raise ValueError(
                f"{self._folder / _NAMES} must name every class once, a line each; "
                f"it has {len(names)} lines, {len(set(names))} of them different."
            )
        return names

    def _labels(self, part: str, classes: int) -> NDArray[np.uint8]:
        """The labels of a part, uint8 (N,), from 0."""
        size = self._size(part)
        labels = np.frombuffer(self._tree.read(f"{part}_y.bin", limits.TEXT_BYTES), np.uint8)
        place = self._folder / f"{part}_X.bin"
        if size % _BYTES:
            raise ValueError(
                f"{place} must hold whole images of {_BYTES:,} bytes; it has {size:,} bytes."
            )
        if size // _BYTES != len(labels):
            raise ValueError(
                f"{place} must hold an image for each of the {len(labels)} labels in "
                f"{part}_y.bin; it has {size // _BYTES}."
            )
        if len(labels) and not 1 <= labels.min() <= labels.max() <= classes:
            raise ValueError(
                f"{self._folder / f'{part}_y.bin'} must hold labels from 1 to {classes}, the lines "
                f"of {_NAMES}; it has {labels.min()} to {labels.max()}."
            )
        return labels - 1

    def _size(self, part: str) -> int:
        self._tree.stamp([f"{part}_X.bin"])  # a sentence when it is missing
        with regular.opened(self._folder / f"{part}_X.bin") as file:
            return os.fstat(file.fileno()).st_size

    def read(self, index: int) -> bytes:
        """The 27,648 bytes of an image."""
        tests = int(self._listing.is_test.sum())
        part, place = ("test", index) if index < tests else ("train", index - tests)
        return self._tree.part(f"{part}_X.bin", place * _BYTES, _BYTES)

    def decode(self, content: bytes, size: int) -> Pixels:
        """An image as RGB pixels, uint8 (3, size, size)."""
        from PIL import Image

        by_column = np.frombuffer(content, np.uint8).reshape(3, _SIDE, _SIDE)
        return square(Image.fromarray(np.ascontiguousarray(by_column.transpose(2, 1, 0))), size)

    def verified(self, fingerprint: str) -> bool:
        """Whether the four files of images and labels are the published ones."""
        return all(matches(self._folder / name, f"md5:{md5}") for name, md5 in MD5.items())
