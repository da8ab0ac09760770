"""What a data set is handed over as: `Splits` of `Images`, and what is known of their source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Indices = NDArray[np.int64]


@dataclass(frozen=True, init=False, eq=False)
class Images:
    """N labelled images: some rows of a store that every process of the machine shares.

    `Images(pixels, labels, classes)` holds all rows of `pixels`, without a copy; with `rows`, image
    i is `pixels[rows[i]]`. `batches.to_device` makes tensors of either without copying the store on
    a CPU.

    store: uint8 (M, 3, H, W), 0..255, RGB; may be memory-mapped, do not write to it.
    labels: int64 (N,), 0..len(classes)-1.
    classes: the name of every label.
    rows: int64 (N,) into the store, or None when the N images are the whole store in its order.

    Raises ValueError if shapes do not fit each other, or a label has no name.
    """

    store: Pixels
    labels: Indices
    classes: tuple[str, ...]
    rows: Indices | None

    def __init__(
        self,
        pixels: Pixels,
        labels: Indices,
        classes: tuple[str, ...],
        rows: Indices | None = None,
    ) -> None:
        if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.dtype != np.uint8:
            given = f"{pixels.dtype} {pixels.shape}"
            raise ValueError(f"Images need uint8 pixels of shape (N, 3, H, W); got {given}.")
        count = len(pixels) if rows is None else len(rows)
        if labels.shape != (count,):
            raise ValueError(
                f"Images need one label an image; got {count} images and labels {labels.shape}."
            )
        if count and not 0 <= labels.min() <= labels.max() < len(classes):
            raise ValueError(
                f"Labels must lie in 0..{len(classes) - 1}, one for each class name; "
                f"got {labels.min()}..{labels.max()}."
            )
        for name, value in (
            ("store", pixels),
            ("labels", labels),
            ("classes", tuple(classes)),
            ("rows", rows),
        ):
            object.__setattr__(self, name, value)  # the only way to set up a frozen dataclass

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def pixels(self) -> Pixels:
        """The images, uint8 (N, 3, H, W): the store itself, or a fresh copy of a part of it."""
        return self.store if self.rows is None else self.store[self.rows]

    def take(self, index: Indices | slice) -> Pixels:
        """A copy of some images, uint8 (len(index), 3, H, W); only their pages are read."""
        rows = np.arange(len(self)) if self.rows is None else self.rows
        return self.store[rows[index]]

    @property
    def per_class(self) -> Indices:
        """How many images every class has, int64 (len(classes),)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)


@dataclass(frozen=True)
class DataInfo:
    """What a run records about its data; `dataclasses.asdict` of it is ready for JSON.

    name: the data set, without the folder it lies in.
    fingerprint: SHA-256 (hex) over the name and content of every source image, whatever the
        settings select.
    verified: whether that is the published data set; None where nothing was published.
    counts: images in "train", "val" and "test", after all selection.
    dropped: the source images that are left out, since they could not be decoded or must not be.
    reasons: of those that are not just corrupt, what is wrong: "is no regular file".
    classes: the selected ones, by label.
    validation: "given" with the data, the same for every seed, or "carved" out of train by the
        seed.
    """

    name: str
    fingerprint: str
    verified: bool | None
    counts: dict[str, int]
    dropped: list[str]
    classes: list[str]
    validation: Literal["given", "carved"] = "carved"
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Splits:
    """Three disjoint sets over the same classes; only `val` serves curves and choices."""

    train: Images
    val: Images
    test: Images
    info: DataInfo

    @property
    def by_name(self) -> dict[str, Images]:
        """{"train": ..., "val": ..., "test": ...}."""
        return {"train": self.train, "val": self.val, "test": self.test}
