"""Building the cache of decoded images, and opening it again, against decoding as ImageFolder does.

A zip archive in Tiny ImageNet's layout with 4,000 JPEG files of 64 px, made here. Inside the timer,
ours: listing the archive, reading, decoding on all cores, hashing, writing to disk (fsync
included). ImageFolder: listing the unpacked folder and decoding every file to a tensor, once, in
this process, which an epoch over a plain DataLoader without workers does each time. Opening: what a
second start waits for until it has the images. Outside: making the files, imports.

    python -m benchmarks.cache [--repeats N]
"""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import images
from benchmarks.figures import Figure, Target, main

REPEATS = 3
CLASSES, PER_CLASS, VAL, SIDE = 20, 190, 10, 64
COUNT = CLASSES * (PER_CLASS + VAL)
ROOT = "tiny-imagenet-200"


def write_archive(place: Path) -> None:
    """place/tiny-imagenet-200.zip, and the same files as place/folder/<class>/<n>.JPEG."""
    random, annotations = np.random.default_rng(0), []
    with zipfile.ZipFile(place / f"{ROOT}.zip", "w") as archive:
        for number in range(COUNT):
            label, index = divmod(number, PER_CLASS + VAL)
            blobs = Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8))
            content = io.BytesIO()
            blobs.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(content, "JPEG", quality=90)
            name = f"train/n{label:02}/images/n{label:02}_{index}.JPEG"
            if index >= PER_CLASS:
                name = f"val/images/val_{number}.JPEG"
                annotations.append(f"val_{number}.JPEG\tn{label:02}\t0\t0\t1\t1")
            archive.writestr(f"{ROOT}/{name}", content.getvalue())
            folder = place / "folder" / f"n{label:02}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{index}.JPEG").write_bytes(content.getvalue())
        archive.writestr(f"{ROOT}/wnids.txt", "\n".join(f"n{n:02}" for n in range(CLASSES)))
        archive.writestr(f"{ROOT}/val/val_annotations.txt", "\n".join(annotations))


def ours(place: Path) -> float:
    """Seconds until the images are there."""
    started = time.perf_counter()
    images.load("tiny_imagenet", data_dir=place, image_size=SIDE)
    return time.perf_counter() - started


def image_folder(place: Path) -> float:
    """Seconds to decode every file once."""
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    started = time.perf_counter()
    for _ in ImageFolder(str(place / "folder"), transforms.ToTensor()):
        pass
    return time.perf_counter() - started


def measure(repeats: int) -> list[Figure]:
    """Milliseconds an image of building and of ImageFolder; seconds of opening."""
    built, opened, decoded = [], [], []
    for _ in range(repeats):
        with TemporaryDirectory() as folder:
            place = Path(folder)
            write_archive(place)
            image_folder(place)  # both sides read from the page cache
            built.append(1000 * ours(place) / COUNT)
            opened.append(ours(place))
            decoded.append(1000 * image_folder(place) / COUNT)
    other = "decoding by ImageFolder"
    seconds = [ms * COUNT / 1000 for ms in decoded]
    return [
        Figure("building, an image", "ms", built, other, decoded, Target("ours", "<=", 1.0)),
        Figure(f"opening {COUNT} images", "s", opened, other, seconds, Target("ours", "<", 1.0)),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
