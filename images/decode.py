"""Pictures to pixels: RGB, square, one size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from images.splits import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image


def picture(content: bytes, size: int) -> Pixels:
    """Decode a JPEG, PNG, BMP or WebP file's bytes to RGB pixels, uint8 (3, size, size).

    Transparency is dropped, 16-bit grey keeps its upper 8 bits, of an animation the first frame
    counts, and an EXIF orientation is not applied (as in torchvision).

    Raises what Pillow raises if the file is broken.
    """
    from PIL import Image

    with Image.open(io.BytesIO(content)) as opened:
        image: Image.Image = opened
        if image.mode.startswith("I"):  # convert("RGB") would clip at 255: nearly all white
            image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
        return square(image.convert("RGB"), size)


def square(image: Image, size: int) -> Pixels:
    """Resize the shorter side to `size` (antialiased), cut the centre: uint8 (3, size, size).

    Interpolation is bilinear. An image that already is size x size keeps its exact pixels.
    """
    from PIL import Image, ImageOps

    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), method=Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
