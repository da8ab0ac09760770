"""Labelled images as `Splits(train, val, test)`, decoded once into a cache that processes share.

    splits = images.load("digits", data_dir=Path("data"), image_size=32)

A new data set is one file with a `source.Source` in it, and one line in `SOURCES`.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from images import cache
from images.cache import Progress
from images.counts import Counts
from images.digits import Digits
from images.dogs_vs_cats import DogsVsCats
from images.folder import Folder
from images.source import Source
from images.splits import DataInfo, Images, Splits
from images.stl10 import STL10
from images.subset import Sizes, Subset
from images.tiny_imagenet import TinyImageNet

__all__ = [
    "NAMES", "DataInfo", "Images", "Sizes", "Splits", "check_name", "count", "gives_validation",
    "left_out", "load",
]  # fmt: skip

# Built from (what follows the colon of the name, the data folder); building one reads and downloads
# nothing.
SOURCES: dict[str, Callable[[str, Path], Source]] = {
    "digits": Digits,
    "folder": Folder,
    "stl10": STL10,
    "tiny_imagenet": TinyImageNet,
    "dogs_vs_cats": DogsVsCats,
}

RECOUNT_SECONDS = 2.0
"""How long what was counted may stand for what is there now."""

NAMES = tuple("folder:PATH" if name == "folder" else name for name in SOURCES)


def load(
    dataset: str,
    *,
    data_dir: Path,
    image_size: int,
    classes: str = "all",
    images_per_class: int | None = None,
    val_fraction: float = 0.1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Splits:
    """The images of `dataset` (one of `NAMES`) for a trial, at image_size x image_size pixels.

    A published data set that is not in data_dir is downloaded into it. Images that are corrupt, no
    regular files or beyond the limits of `files.limits` are left out and named in `info.dropped`.
    Test never moves and is never cut, nor is validation where the data set gives it
    (`gives_validation`).

    data_dir: where the source lies; decoded images go to data_dir/cache at first use.
    image_size: pixels, both sides.
    classes: "all", "first:N" or "last:N" in sorted order.
    images_per_class: train images a class, after the validation part is carved; None is all.
    val_fraction: share of every class's train images that is validation instead, 0 < x < 1,
        rounded, at least one image; without a meaning where validation is given.
    seed: moves the validation part and the cut to images_per_class.
    progress: called with (what, done, total) while images are decoded.

    Raises ValueError or FileNotFoundError, one sentence, if the name is unknown, a setting is out
    of its range, the source is not there, there are fewer than two classes, a class lacks images in
    train, test or a validation set that is given, or the data folder cannot be written or is too
    small.
    """
    if image_size < 1:
        raise ValueError(f"image_size must be at least 1 pixel; got {image_size}.")
    subset = Subset(classes, images_per_class, val_fraction)
    source = _source(dataset, data_dir)
    _counts.cache_clear()  # what was not there is downloaded now
    subset.sizes(source.counts())  # what can be refused is refused before anything is decoded
    decoded = cache.fetch(source, data_dir / "cache", image_size, progress)
    try:
        positions = subset.split(
            decoded.labels, decoded.is_test, decoded.classes, seed, decoded.is_val
        )
    except ValueError as error:
        if not decoded.dropped:
            raise
        raise ValueError(
            f"{str(error).removesuffix('.')}; {left_out(decoded.dropped, decoded.reasons)}"
        ) from None
    indices = {"train": positions.train, "val": positions.val, "test": positions.test}
    labels, names = positions.labels, positions.classes
    sets = {
        part: Images(decoded.pixels, labels[index], names, decoded.rows[index])
        for part, index in indices.items()
    }
    info = DataInfo(
        name=source.name,
        fingerprint=decoded.fingerprint,
        verified=decoded.verified,
        counts={part: len(index) for part, index in indices.items()},
        dropped=decoded.dropped,
        classes=list(names),
        validation="carved" if decoded.is_val is None else "given",
        reasons=decoded.reasons,
    )
    return Splits(**sets, info=info)


def left_out(dropped: Sequence[str], reasons: Mapping[str, str]) -> str:
    """How many images are left out, and of each reason how many and one of them, a sentence.

    dropped, reasons: as in `DataInfo`.
    """
    kinds: dict[str, list[str]] = {}
    for name in dropped:
        kinds.setdefault(reasons.get(name, cache.CORRUPT), []).append(name)
    told = [
        f"{why} ({names[0]})" if len(names) == 1 else f"{why} ({len(names)}, such as {names[0]})"
        for why, names in kinds.items()
    ]
    count = "1 image is" if len(dropped) == 1 else f"{len(dropped)} images are"
    return f"{count} left out, since the file {', or '.join(told)}."


def check_name(dataset: str) -> str:
    """`dataset` as other processes should be given it: a folder's path is made absolute.

    Reads no images.

    Raises ValueError, with the nearest known name, if the name is unknown, and FileNotFoundError if
    a folder is not there or lacks train/ or test/.
    """
    source = _source(dataset, Path())
    return f"folder:{source.root}" if isinstance(source, Folder) else dataset


def gives_validation(dataset: str) -> bool:
    """Whether a data set has a validation set of its own, so that none is carved out of train.

    Reads no images. False for a folder that is not there.

    Raises ValueError as `check_name` does.
    """
    try:
        source = _source(dataset, Path())
    except FileNotFoundError:
        return False
    return isinstance(source, Folder) and source.validation is not None


def count(
    dataset: str,
    data_dir: Path,
    *,
    classes: str = "all",
    images_per_class: int | None = None,
    val_fraction: float = 0.1,
) -> Sizes:
    """How many images and classes `load` will give, without decoding; corrupt images still count.

    Refuses what `load` refuses, except for the cache: use it to validate before anything starts.
    Downloads nothing: of a published data set that is not in data_dir, the published numbers count.

    classes, images_per_class, val_fraction: as in `load`.

    Raises ValueError or FileNotFoundError as `load` does.
    """
    subset = Subset(classes, images_per_class, val_fraction)
    moment = int(time.monotonic() / RECOUNT_SECONDS)
    return _sizes(subset, _counts(dataset, data_dir, moment))


# A run with thousands of variants asks for each.
@lru_cache(maxsize=16)
def _counts(dataset: str, data_dir: Path, moment: int) -> Counts:
    return _source(dataset, data_dir).counts()


@lru_cache(maxsize=256)
def _sizes(subset: Subset, counts: Counts) -> Sizes:
    return subset.sizes(counts)


def _source(dataset: str, data_dir: Path) -> Source:
    kind, colon, argument = dataset.partition(":")
    if kind in SOURCES and bool(colon) == (kind == "folder"):
        return SOURCES[kind](argument, data_dir)
    nearest = difflib.get_close_matches(kind, SOURCES, n=1, cutoff=0.5)
    known = {"folder": "folder:PATH"}.get(nearest[0], nearest[0]) if nearest else ""
    hint = f"; did you mean {known}" if known else ""
    raise ValueError(f"dataset must be one of {', '.join(NAMES)}; got {dataset!r}{hint}.")
