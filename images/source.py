"""What a data set must offer so that `cache` can decode it: one file each implements `Source`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from images.counts import Counts
from images.splits import Indices, Pixels


@dataclass(frozen=True)
class Listing:
    """Every image of a source, not yet decoded.

    names: one unique name an image, "/" between its parts, the same wherever the source lies.
    labels: int64 (N,) into classes.
    is_test: bool (N,).
    classes: sorted names.
    is_val: bool (N,), none of which is test; None where validation is carved out of train.
    """

    names: tuple[str, ...]
    labels: Indices
    is_test: NDArray[np.bool_]
    classes: tuple[str, ...]
    is_val: NDArray[np.bool_] | None = None


class Source(Protocol):
    """A data set before decoding. `read` and `decode` are called from several threads at once."""

    name: str

    def counts(self) -> Counts:
        """Images by class, without decoding or downloading any.

        While a published source is absent, these are the published numbers, so that settings are
        checked before anything is fetched.

        Raises ValueError or FileNotFoundError, one sentence, if another source is absent.
        """

    def obtain(self) -> None:
        """Put the files in place, downloading published ones that are absent; else do nothing.

        Called before everything below.

        Raises FileNotFoundError, one sentence that says which file to put where, if it cannot.
        """

    def stamp(self) -> str:
        """A cheap text that changes whenever the source does: the key of its cache."""

    def listing(self) -> Listing:
        """All images, in the order of their names."""

    def read(self, index: int) -> bytes:
        """The content of image `index` of the listing.

        Raises files.regular.Refused if it must not be read, and is left out, and ValueError, one
        sentence, if it cannot be read; that is not "corrupt".
        """

    def decode(self, content: bytes, size: int) -> Pixels:
        """Content as RGB pixels, uint8 (3, size, size).

        Raises files.regular.Refused if it must not be decoded, and any other exception if the image
        is corrupt.
        """

    def verified(self, fingerprint: str) -> bool | None:
        """Whether these are the published images; None where that is unknown.

        Asked once, when the images are decoded: it may read whole archives.
        """
