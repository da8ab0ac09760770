"""A user's own pictures: `folder:PATH`, with PATH/train/<class>/ and PATH/test/<class>/.

Where there is a PATH/val/<class>/ too (or valid/, or validation/), that is validation, whole and
the same for every seed, and train is all of train/; otherwise validation is carved out of train/ by
the seed. Test is what lies in test/. All have the same classes.

Classes are the names of the class folders, sorted. JPEG, PNG, BMP and WebP files count (endings in
any case), at any depth below a class folder; hidden files and folders do not. Sizes, counts and
licence are the user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from files import limits
from images.counts import Counts, count
from images.decode import picture
from images.source import Listing
from images.splits import Pixels
from images.tree import FolderTree, walk

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_PARTS = ("train", "test")
_VALIDATION = ("val", "valid", "validation")


class Folder:
    """The `Source` of a folder of pictures, listed once, when first needed.

    validation: the name of the folder for validation, None without one.
    """

    def __init__(self, argument: str, data_dir: Path | None = None) -> None:
        """Look whether it is there.

        argument: PATH, also ~/PATH.

        Raises FileNotFoundError if it lacks train/ or test/, and ValueError if there is no PATH, or
        more than one folder for validation.
        """
        if not argument:
            raise ValueError("The data set folder:PATH needs a PATH after the colon; got none.")
        self.root = Path(argument).expanduser().absolute()
        self._tree = FolderTree(self.root)
        self.name = f"folder:{self.root.name}"  # not the whole path: it ends in published records
        for part in _PARTS:
            if not (self.root / part).is_dir():
                raise FileNotFoundError(
                    f"The data set folder:PATH needs PATH/train and PATH/test, "
                    f"with one folder a class in each; "
                    f"there is no folder {self.root / part}."
                )
        there = [name for name in _VALIDATION if (self.root / name).is_dir()]
        if len(there) > 1:
            raise ValueError(
                f"Validation must be one folder of {self.root}; got {' and '.join(there)}."
            )
        self.validation = there[0] if there else None

    @cached_property
    def _listing(self) -> Listing:
        parts = _PARTS if self.validation is None else (*_PARTS, self.validation)
        pictures = {part: dict(_classes(self.root / part)) for part in parts}
        classes = tuple(sorted({name for own in pictures.values() for name in own}))
        entries = sorted(
            (f"{part}/{name}/{inner}", label, part)
            for part in parts
            for label, name in enumerate(classes)
            for inner in pictures[part].get(name, ())
        )
        if not entries:
            raise FileNotFoundError(
                f"The data set needs pictures ({', '.join(ENDINGS)}) in class folders below "
                f"{self.root / 'train'} and {self.root / 'test'}; there are none."
            )
        names, labels, own = zip(*entries, strict=True)
        part_of = np.array(own)
        return Listing(
            names,
            np.array(labels, np.int64),
            part_of == "test",
            classes,
            None if self.validation is None else part_of == self.validation,
        )

    def listing(self) -> Listing:
        """All pictures by name.

        Raises ValueError if one lies outside of a class folder, and FileNotFoundError if there are
        none.
        """
        return self._listing

    def counts(self) -> Counts:
        """Pictures by class, the corrupt ones too: none is opened."""
        listing = self._listing
        return count(listing.labels, listing.is_test, listing.classes, listing.is_val)

    def obtain(self) -> None:
        """Nothing: the user has put it where it is."""

    def stamp(self) -> str:
        """A text over the place, and every picture's name, size and time of change."""
        return self._tree.stamp(self._listing.names)

    def read(self, index: int) -> bytes:
        """A file's content.

        Raises Refused if it is no regular file or too large, and ValueError if it cannot be read:
        that is no corrupt picture.
        """
        return self._tree.read(self._listing.names[index], limits.IMAGE_BYTES)

    def decode(self, content: bytes, size: int) -> Pixels:
        """A picture as RGB pixels, uint8 (3, size, size): shorter side resized, then the centre."""
        return picture(content, size)

    def verified(self, fingerprint: str) -> None:
        """None: nobody published what a user's own pictures should be."""


def _classes(part: Path) -> Iterator[tuple[str, list[str]]]:
    """Every class folder's name with its pictures' paths, relative to it; also without any."""
    for entry in sorted(part.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield entry.name, [name for name in walk(entry) if name.lower().endswith(ENDINGS)]
        elif entry.suffix.lower() in ENDINGS:
            raise ValueError(
                f"Every picture must lie in the folder of its class, {part}/<class>/; "
                f"{entry} does not."
            )
