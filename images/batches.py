"""Batches as whole tensors on the trial's device: which images, their views, their normalisation.

All randomness is drawn on the CPU from generators that are passed in, so that a seed gives the same
batches on every device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from images.augmentation import IMAGENET_MEAN, IMAGENET_STD, Augmentation, augment, normalize
from images.splits import Images

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Augmentation",
    "Loaded",
    "PKSampler",
    "augment",
    "cut",
    "normalize",
    "ordered_batches",
    "shuffled_batches",
    "to_device",
]

_CHUNK = 1024  # images copied to an accelerator at once: bounds the copy in host memory


@dataclass(frozen=True, eq=False)
class Loaded:
    """Images on a device: `labels[i]` belongs to `pixels[rows[i]]`.

    pixels: uint8 (M, 3, H, W).
    labels: int64 (N,).
    rows: int64 (N,), or None when the N images are all of `pixels`, in its order.
    """

    pixels: Tensor
    labels: Tensor
    rows: Tensor | None

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Copies of pixels (B, 3, H, W) and labels (B,) at `index`, int64 (B,) on any device."""
        index = index.to(self.labels.device)
        rows = index if self.rows is None else self.rows[index]
        return self.pixels.index_select(0, rows), self.labels[index]


def to_device(images: Images, device: torch.device | str) -> Loaded:
    """The images as tensors on `device`.

    On the CPU the pixels are the shared store, not a copy: never write to them. Elsewhere the
    device gets a copy of just these images: N x 3 x H x W bytes.
    """
    labels = torch.from_numpy(images.labels).to(device)
    if torch.device(device).type == "cpu":
        rows = None if images.rows is None else torch.from_numpy(images.rows)
        return Loaded(torch.from_numpy(images.store), labels, rows)
    pixels = torch.empty((len(images), *images.store.shape[1:]), dtype=torch.uint8, device=device)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        pixels[part] = torch.from_numpy(images.take(part)).to(device)
    return Loaded(pixels, labels, None)


def ordered_batches(n: int, batch_size: int) -> list[Tensor]:
    """The indices 0..n-1 in order, int64 (B,) a batch; the last may be smaller. n = 0: none."""
    return cut(torch.arange(n), batch_size)


def shuffled_batches(n: int, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """One epoch: every index 0..n-1 once, shuffled, int64 (B,) a batch; the last may be smaller.

    A last batch of a single image joins the one before it, because batch norm cannot train on one
    image.
    """
    batches = cut(torch.randperm(n, generator=generator), batch_size)
    if batch_size > 1 and len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def cut(index: Tensor, batch_size: int) -> list[Tensor]:
    """Batches of an order, int64 (N,): (B,) each; the last may be smaller.

    Raises ValueError if batch_size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
    return list(torch.split(index, batch_size)) if len(index) else []


class PKSampler:
    """Epochs of batches with exactly P distinct classes and K distinct images of each.

    Iterating draws one epoch of int64 (P * K,) index tensors, the images of a class side by side.
    Every epoch starts afresh from the generator: the same generator state gives the same epoch.
    Within an epoch no class (and no image of a class) comes again before all the others have had
    their turn, so classes are balanced whatever their sizes: an epoch may leave out images of a
    large class and repeat those of a small one.

    labels: int64 (N,).
    classes_per_batch: P, at least 1, at most the number of classes in labels.
    samples_per_class: K, at least 1, at most the images of the smallest class.
    generator: on the CPU.
    names: of the labels, for messages.

    Raises ValueError if P or K is out of its range.
    """

    def __init__(
        self,
        labels: Tensor,
        classes_per_batch: int = 8,
        samples_per_class: int = 8,
        *,
        generator: torch.Generator,
        names: Sequence[str] = (),
    ) -> None:
        if min(classes_per_batch, samples_per_class) < 1:
            raise ValueError(
                f"classes_per_batch and samples_per_class must be at least 1; "
                f"got {classes_per_batch} and {samples_per_class}."
            )
        labels = labels.cpu()
        present = torch.unique(labels).tolist()
        if classes_per_batch > len(present):
            raise ValueError(
                f"classes_per_batch must be at most the number of classes, {len(present)}; "
                f"got {classes_per_batch}."
            )
        self._members = [(labels == label).nonzero()[:, 0] for label in present]
        for label, members in zip(present, self._members, strict=True):
            if len(members) < samples_per_class:
                name = names[label] if names else label
                raise ValueError(
                    f"Every class needs at least samples_per_class = {samples_per_class} images; "
                    f"class {name} has {len(members)}."
                )
        self._classes_per_batch = classes_per_batch
        self._samples_per_class = samples_per_class
        self._images = len(labels)
        self._generator = generator

    def __len__(self) -> int:
        """Batches an epoch: as many as the images fill, at least one."""
        return max(1, self._images // (self._classes_per_batch * self._samples_per_class))

    def __iter__(self) -> Iterator[Tensor]:
        classes = _Deck(len(self._members), self._generator)
        decks = [_Deck(len(members), self._generator) for members in self._members]
        for _ in range(len(self)):
            yield torch.cat(
                [
                    self._members[label][decks[label].draw(self._samples_per_class)]
                    for label in classes.draw(self._classes_per_batch)
                ]
            )


class _Deck:
    """The numbers 0..size-1, drawn without replacement; shuffled again when they run out."""

    def __init__(self, size: int, generator: torch.Generator) -> None:
        self._size = size
        self._generator = generator
        self._left: list[int] = []

    def draw(self, count: int) -> list[int]:
        """`count` <= size distinct numbers."""
        drawn, self._left = self._left[:count], self._left[count:]
        if len(drawn) < count:
            fresh: list[int] = torch.randperm(self._size, generator=self._generator).tolist()
            held = set(drawn)
            fresh.sort(key=held.__contains__)  # stable: what this draw already holds comes last
            more = count - len(drawn)
            drawn, self._left = drawn + fresh[:more], fresh[more:]
        return drawn
