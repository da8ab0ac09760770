"""Train and test images as files: noise in a pattern of their class, which a network can learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def blob(
    random: np.random.Generator, pattern: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    signal: float, side: int,
) -> Image.Image:  # fmt: skip
    """A picture of a class: its pattern and noise, smoothed.

    pattern: (S, S, 3), drawn once for the class.
    signal: how strong the pattern is, where the noise has 1.
    side: pixels, both sides.
    """
    mixed = signal * pattern + random.normal(size=pattern.shape)
    grains = Image.fromarray(np.clip(128 + 50 * mixed, 0, 255).astype(np.uint8))
    return grains.resize((side, side), Image.Resampling.BICUBIC)


def write_folder(
    place: Path, classes: Sequence[str], counts: Mapping[str, int], *,
    grains: int, signal: float, side: int, ending: str,
) -> None:  # fmt: skip
    """place/<part>/<class>/<n><ending>, the layout of `folder:PATH`.

    counts: images a class by part.
    grains: numbers of a pattern, both sides.
    signal, side: as in `blob`.
    ending: ".png", or ".jpg" of quality 90.
    """
    random = np.random.default_rng(0)
    for name in classes:
        pattern = random.normal(size=(grains, grains, 3))
        for part, images in counts.items():
            folder = place / part / name
            folder.mkdir(parents=True)
            for number in range(images):
                picture = blob(random, pattern, signal, side)
                picture.save(folder / f"{number:04}{ending}", quality=90)
