"""How much is read of files that others made: far above what anybody needs, far below what hurts.

All are checked before a file is read or decoded, by what its headers say, and again while it is
read, since headers may lie. What is over a limit is refused, or left out and told, never cut.
"""

from __future__ import annotations

MIB = 2**20

IMAGE_BYTES = 256 * MIB
"""Of one picture's file: a photograph has a few MiB, 89 megapixels without compression 256 MiB."""

IMAGE_PIXELS = 1024 * MIB // 4 // 3
"""Of one picture, 89,478,485: where Pillow begins to warn of decompression bombs, a quarter GiB of
colours (https://pillow.readthedocs.io, `Image.MAX_IMAGE_PIXELS`). Cameras have 12 to 60 million."""

LARGE_PIXELS = 16 * MIB
"""Pictures with more are decoded one at a time, so that the memory of a few stays bounded."""

TEXT_BYTES = 64 * MIB
"""Of a file of labels or annotations: those of ImageNet's 1.3 million images have 40 MiB."""

WEIGHTS_BYTES = 4096 * MIB
"""Of a file of weights, as it is and unpacked: forty times ResNet-50's."""

ARCHIVE_RATIO = 100
"""What an archive unpacks to, by its own size, and each file in it: pictures are compressed already
(1 to 1.1), text comes to 10; deflate reaches 1,032, which nothing but emptiness does."""

ARCHIVE_FREE = 64 * MIB
"""What any archive may unpack to, whatever its ratio: text and flat drawings compress well."""

ARCHIVE_FILES = 2_000_000
"""In an archive or a folder: ImageNet has 1.4 million."""

DOWNLOAD_BYTES = 16 * 1024 * MIB
"""Of one download: the largest data set here has 2.6 GB."""


def unpacked_at_most(size: int) -> int:
    """How many bytes an archive of `size` bytes, or a file in one, may unpack to."""
    return max(ARCHIVE_FREE, ARCHIVE_RATIO * size)
