"""Pictures to pixels: RGB, square, one size."""

from __future__ import annotations

import io
import threading
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from files import limits
from files.regular import Refused
from images.splits import Pixels

# What Pillow recognises otherwise is decoded by other programs, or by code that is rarely tried.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")
TOO_MANY = f"has more than {limits.IMAGE_PIXELS:,} pixels"
_one_large = threading.Lock()

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile


def picture(content: bytes, size: int) -> Pixels:
    """Decode a JPEG, PNG, BMP or WebP file's bytes to RGB pixels, uint8 (3, size, size).

    Transparency is dropped, 16-bit grey keeps its upper 8 bits, of an animation the first frame
    counts, and an EXIF orientation is not applied (as in torchvision).

    Raises Refused if its header says that it has too many pixels, and what Pillow raises if the
    file is broken.
    """
    from PIL import Image

    with _opened(content) as opened:
        pixels = opened.width * opened.height
        with _one_large if pixels > limits.LARGE_PIXELS else nullcontext():
            image: Image.Image = opened
            if image.mode.startswith("I"):  # convert("RGB") would clip at 255: nearly all white
                image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
            return square(image.convert("RGB"), size)


def _opened(content: bytes) -> ImageFile:
    """A picture of which only the header is read."""
    from PIL import Image

    # Ours is the limit at which Pillow warns; it raises at twice as many pixels.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    try:
        opened = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Refused("The picture", TOO_MANY) from error
    if opened.width * opened.height > limits.IMAGE_PIXELS:
        opened.close()
        raise Refused("The picture", TOO_MANY)
    return opened


def square(image: Image, size: int) -> Pixels:
    """Resize the shorter side to `size` (antialiased), cut the centre: uint8 (3, size, size).

    Interpolation is bilinear. An image that already is size x size keeps its exact pixels.
    """
    from PIL import Image, ImageOps

    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), method=Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
