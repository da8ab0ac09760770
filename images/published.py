"""What the data sets share that somebody published as an archive: finding, fetching, checking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from files import limits
from files.download import fetch, matches
from images.counts import Counts, count
from images.decode import picture
from images.source import Listing
from images.splits import Pixels
from images.tree import Tree, open_tree


@dataclass(frozen=True)
class Release:
    """An archive as it was published.

    file: its name.
    url: its address.
    digest: of its content, as `files.download` has them.
    """

    file: str
    url: str
    digest: str

    def fetch(self, name: str, data_dir: Path) -> None:
        """Download it into `data_dir`.

        name: of the data set, for the message.

        Raises FileNotFoundError, one sentence, if that fails.
        """
        fetch(
            f"The images of {name}", self.url, data_dir / self.file, self.digest, data_dir,
            "--dataset digits --classes all, which works offline",
        )  # fmt: skip


@dataclass(frozen=True)
class Contents:
    """A listing, and the file of every image of it in its tree."""

    listing: Listing
    files: tuple[str, ...]


class Pictures(ABC):
    """A `Source` of pictures in a published zip archive, or in the folder that it unpacks to.

    Building one reads nothing. While neither form is there, the published counts hold.
    """

    name: str
    release: Release
    published: Counts
    places: tuple[tuple[str, str], ...]
    """(archive or folder in the data folder, folder in that archive); the first that is there."""
    labels: tuple[str, ...] = ()
    """Files of the tree beside the pictures, on which the listing depends."""

    def __init__(self, argument: str = "", data_dir: Path | None = None) -> None:
        """`argument` is there for sources that have one."""
        self._data_dir = data_dir or Path()

    @staticmethod
    @abstractmethod
    def contents(tree: Tree) -> Contents:
        """All images by name.

        Raises ValueError, one sentence, if the files do not fit each other.
        """

    def _is_there(self, place: Path) -> bool:
        return place.exists()

    def _tree(self) -> Tree | None:
        for place, root in self.places:
            if self._is_there(self._data_dir / place):
                return open_tree(self._data_dir / place, root)
        return None

    @cached_property
    def _found(self) -> tuple[Tree, Contents]:
        tree = self._tree()
        if tree is None:
            raise FileNotFoundError(f"The images of {self.name} must lie in {self._data_dir}.")
        return tree, _contents(type(self), tree)

    def counts(self) -> Counts:
        """Pictures by class, the corrupt ones too; the published numbers while none are there."""
        if self._tree() is None:
            return self.published
        listing = self.listing()
        return count(listing.labels, listing.is_test, listing.classes)

    def obtain(self) -> None:
        """Download the published archive unless a form of it is there."""
        if self._tree() is None:
            self.release.fetch(self.name, self._data_dir)

    def stamp(self) -> str:
        """The archive's size and time of change, or every file's in a folder."""
        tree, contents = self._found
        return tree.stamp((*self.labels, *contents.files))

    def listing(self) -> Listing:
        """All pictures by name."""
        return self._found[1].listing

    def read(self, index: int) -> bytes:
        """A file's content.

        Raises Refused if it is no regular file or too large, and ValueError if it cannot be read:
        that is no corrupt picture.
        """
        tree, contents = self._found
        return tree.read(contents.files[index], limits.IMAGE_BYTES)

    def decode(self, content: bytes, size: int) -> Pixels:
        """A picture as RGB pixels, uint8 (3, size, size): shorter side resized, then the centre."""
        return picture(content, size)

    def verified(self, fingerprint: str) -> bool | None:
        """Whether the archive is the published one; None for a folder."""
        path = self._found[0].path
        return None if path.is_dir() else matches(path, self.release.digest)


@lru_cache(maxsize=4)
def _contents(source: type[Pictures], tree: Tree) -> Contents:
    """Trees of one archive are one object, so that it is listed once a process."""
    return source.contents(tree)
