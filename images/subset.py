"""Which images a trial gets: the classes, the validation part, the cut a class."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from images.counts import Counts, count
from images.splits import Indices


@dataclass(frozen=True)
class Sizes:
    """How many images and classes a trial works on.

    train, val, test: images.
    smallest: train images of the class that has fewest.
    """

    train: int
    val: int
    test: int
    classes: int
    smallest: int


@dataclass(frozen=True)
class Positions:
    """Where the images of a trial lie among those of their source.

    train, val, test: positions, int64, sorted.
    labels: int64, the new label of every image of the source; -1 where its class is not selected.
    classes: the name of every new label.
    """

    train: Indices
    val: Indices
    test: Indices
    labels: Indices
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Subset:
    """Which images of a source a trial works on.

    classes: "all", "first:N" or "last:N" in sorted order.
    images_per_class: train images a class, after the validation part is carved; None is all.
    val_fraction: share of every class's train images that is validation, 0 < x < 1; without a
        meaning where validation is given.

    Raises ValueError, one sentence, if one of them is out of its range.
    """

    classes: str = "all"
    images_per_class: int | None = None
    val_fraction: float = 0.1

    def __post_init__(self) -> None:
        if not re.fullmatch(r"all|(first|last):[1-9][0-9]*", self.classes):
            raise ValueError(f'classes must be "all", "first:N" or "last:N"; got {self.classes!r}.')
        if self.images_per_class is not None and self.images_per_class < 1:
            raise ValueError(f"images_per_class must be at least 1; got {self.images_per_class}.")
        if not 0 < self.val_fraction < 1:
            raise ValueError(
                f"val_fraction must lie between 0 and 1, both excluded; got {self.val_fraction}."
            )

    def chosen(self, counts: Counts) -> list[int]:
        """The selected classes as sorted positions in `counts.classes`.

        Raises ValueError, one sentence, if there are fewer than are asked for, or fewer than two,
        or if train, test or a validation set that is given lacks one of them.
        """
        everything = range(len(counts.classes))
        end, _, number = self.classes.partition(":")
        if number and int(number) > len(everything):
            raise ValueError(
                f"classes must ask for at most the {len(everything)} classes there are; "
                f"got {self.classes!r}."
            )
        keep = {"all": everything, "first": everything[: int(number or 0)]}
        chosen = list(keep[end] if end in keep else everything[-int(number) :])
        if len(chosen) < 2:
            names = ", ".join(counts.classes[label] for label in chosen) or "none"
            raise ValueError(f"A data set needs at least 2 classes; got {len(chosen)} ({names}).")
        _refuse_one_sided(counts, chosen)
        return chosen

    def carve(self, name: str, available: int, given: bool = False) -> tuple[int, int]:
        """How many of a class's train images become (train, val).

        name: of the class.
        available: its train images.
        given: whether there are others for validation, so that none of these is.

        Raises ValueError, one sentence, if they are too few.
        """
        if given:
            if self.images_per_class is not None and self.images_per_class > available:
                raise ValueError(
                    f"images_per_class must be at most {available}, the train images that class "
                    f"{name} has; got {self.images_per_class}."
                )
            return self.images_per_class or available, 0
        if available < 2:
            raise ValueError(
                f"Every class needs at least 2 train images, one of them for validation; "
                f"class {name} has {available}."
            )
        val = min(max(1, round(self.val_fraction * available)), available - 1)
        left = available - val
        if self.images_per_class is None:
            return left, val
        if self.images_per_class > left:
            raise ValueError(
                f"images_per_class must be at most {left}, which class {name} has "
                f"({available} train images less {val} for validation); "
                f"got {self.images_per_class}."
            )
        return self.images_per_class, val

    def sizes(self, counts: Counts) -> Sizes:
        """How many images `split` will give, from counts alone, with the same refusals."""
        chosen, given = self.chosen(counts), counts.val
        carved = [
            self.carve(counts.classes[label], counts.train[label], given is not None)
            for label in chosen
        ]
        return Sizes(
            train=sum(train for train, _ in carved),
            val=sum(val for _, val in carved) if given is None else sum(given[i] for i in chosen),
            test=sum(counts.test[label] for label in chosen),
            classes=len(chosen),
            smallest=min(train for train, _ in carved),
        )

    def split(
        self,
        labels: Indices,
        is_test: NDArray[np.bool_],
        classes: Sequence[str],
        seed: int,
        is_val: NDArray[np.bool_] | None = None,
    ) -> Positions:
        """Carve the images of a source.

        The seed and the class's name alone order a class's train images: its first ones are
        validation, the next ones train. So more classes or more images a class extend a split and
        move nothing in it. A validation set that is given is taken whole, and leaves the seed
        nothing to choose but a cut of train.

        labels: int64 (N,) into classes.
        is_test: bool (N,).
        is_val: bool (N,), what is given for validation; None to carve it out of train.

        Raises ValueError as `chosen` and `carve` do.
        """
        chosen = self.chosen(count(labels, is_test, classes, is_val))
        renumbered = np.full(len(classes), -1, np.int64)
        renumbered[chosen] = np.arange(len(chosen))
        is_train = ~is_test if is_val is None else ~is_test & ~is_val
        train, val = [], []
        for label in chosen:
            rows = np.flatnonzero((labels == label) & is_train)
            n_train, n_val = self.carve(classes[label], len(rows), is_val is not None)
            order = _generator(seed, "validation", classes[label]).permutation(rows)
            val.append(order[:n_val])
            train.append(order[n_val : n_val + n_train])
        if is_val is not None:
            val = [np.flatnonzero(is_val & (renumbered[labels] >= 0))]
        return Positions(
            train=np.sort(np.concatenate(train)),
            val=np.sort(np.concatenate(val)),
            test=np.flatnonzero(is_test & (renumbered[labels] >= 0)),
            labels=renumbered[labels],
            classes=tuple(classes[label] for label in chosen),
        )


def _refuse_one_sided(counts: Counts, chosen: list[int]) -> None:
    parts, needed = {"train": counts.train, "test": counts.test}, "train and in test"
    if counts.val is not None:
        parts, needed = parts | {"validation": counts.val}, "train, validation and test"
    for part, have in parts.items():
        missing = [counts.classes[label] for label in chosen if not have[label]]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise ValueError(
                f"Every class needs images in {needed}; without {part} images: "
                f"{', '.join(missing[:3])}{more}."
            )


def _generator(seed: int, *purpose: str) -> np.random.Generator:
    digest = hashlib.sha256(repr((seed, *purpose)).encode(errors="surrogateescape")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))
