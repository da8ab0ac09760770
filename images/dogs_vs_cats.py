"""Dogs-vs-Cats: photographs of pets, as Kaggle or as Microsoft gives them away.

2 classes, "cat" and "dog"; 25,000 JPEG photographs in colour, 12,500 a class, of many sizes (about
500 x 375). Both publishers number the images of a class 0..12499, and here they are named as
Kaggle does, `cat.0.jpg`. Some of Microsoft's files are corrupt: they are left out and named.

Test: Kaggle's own test images have no labels, so a fixed 30 % of every class, 3,750 images, is
test: those whose names come first when the names of the class are ordered by their SHA-256. No
seed, no order of files and no form moves it, and a corrupt image keeps its place. Validation:
carved by the seed out of the other 8,750 a class, which are train.

Source: Elson et al., "Asirra: A CAPTCHA that Exploits Interest-Aligned Manual Image
Categorization", CCS 2007. Terms: Kaggle's competition rules, or Microsoft's, both for research and
non-commercial use.
- Kaggle, https://www.kaggle.com/c/dogs-vs-cats/data (needs an account): `DATA/train.zip`, also
  under the name `DATA/dogs-vs-cats-train.zip`, or its folder `DATA/train/`.
- Microsoft, https://www.microsoft.com/en-us/download/details.aspx?id=54765 (824,887,076 bytes):
  `DATA/kagglecatsanddogs_5340.zip`, or its folder `DATA/PetImages/`. This one is downloaded.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import numpy as np

from images.counts import Counts
from images.published import Contents, Pictures, Release
from images.source import Listing
from images.tree import Tree

CLASSES = ("cat", "dog")
_KAGGLE = re.compile(r"(cat|dog)\.(\d+)\.jpg")
_MICROSOFT = re.compile(r"(Cat|Dog)/(\d+)\.jpg")
# Kaggle publishes no digest of its archive, but this is its size in bytes.
_KAGGLE_BYTES = 569_546_721


class DogsVsCats(Pictures):
    """The `Source` of Dogs-vs-Cats."""

    name = "dogs_vs_cats"
    release = Release(
        "kagglecatsanddogs_5340.zip",
        "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
        "kagglecatsanddogs_5340.zip",
        "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
    )
    published = Counts(CLASSES, (8_750, 8_750), (3_750, 3_750))
    # The names that could be another data set's come last.
    places = (
        ("dogs-vs-cats-train.zip", "train"),
        (release.file, "PetImages"),
        ("PetImages", "PetImages"),
        ("train.zip", "train"),
        ("train", "train"),
    )

    def _is_there(self, place: Path) -> bool:
        if place.name != "train":
            return place.exists()
        return place.is_dir() and any(map(_KAGGLE.fullmatch, os.listdir(place)))

    @staticmethod
    def contents(tree: Tree) -> Contents:
        """All images, under Kaggle's names.

        Raises ValueError if there are none.
        """
        files = {}
        for file in tree.names:
            if match := _KAGGLE.fullmatch(file) or _MICROSOFT.fullmatch(file):
                files[f"{match[1].lower()}.{match[2]}.jpg"] = file
        if not files:
            raise ValueError(
                f"{tree.path} must hold cat.0.jpg and dog.0.jpg, or Cat/0.jpg and Dog/0.jpg, and "
                "so on; there are none."
            )
        names = tuple(sorted(files))
        test = {name for label in CLASSES for name in _test(names, label)}
        labels = np.array([CLASSES.index(name[:3]) for name in names], np.int64)
        is_test = np.array([name in test for name in names])
        listing = Listing(names, labels, is_test, CLASSES)
        return Contents(listing, tuple(files[name] for name in names))

    def verified(self, fingerprint: str) -> bool | None:
        """Whether Microsoft's archive is the published one; Kaggle's is known by its size alone."""
        path = self._found[0].path
        if path.is_dir() or path.name == self.release.file:
            return super().verified(fingerprint)
        return None if path.stat().st_size == _KAGGLE_BYTES else False


def _test(names: tuple[str, ...], label: str) -> list[str]:
    """30 % of the class's names, rounded."""
    of_class = [name for name in names if name.startswith(label)]
    of_class.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    return of_class[: (3 * len(of_class) + 5) // 10]
