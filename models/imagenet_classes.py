"""What ImageNet's 1,000 classes are called in STL-10.

The table `imagenet_stl10.csv` gives, for an output of an ImageNet classifier (index from 0), its
name in torchvision (`torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"]`) and the
class of STL-10 that it is a kind of, by WordNet 3.0's hyponyms (wordnet.princeton.edu): airplane;
bird; car (minivans and ambulances too); domestic cat; domestic dog; horse; monkey (apes and lemurs
are none); ship with the larger boats (canoes and gondolas are none); truck (vans and fire engines
too). ImageNet's 1,000 classes hold no deer: its antelopes are not deer. All other outputs are
"other".
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("imagenet_stl10.csv")
OUTPUTS = 1000
STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def table() -> list[tuple[int, str, str]]:
    """(index, ImageNet name, STL-10 name), by index."""
    with TABLE.open(newline="") as file:
        return [(int(r["index"]), r["imagenet"], r["stl10"]) for r in csv.DictReader(file)]


def to_classes(classes: Sequence[str]) -> NDArray[np.int64]:
    """For each of the 1,000 outputs its position in `classes`, and len(classes) for "other".

    Raises ValueError if a class is not one of STL-10's.
    """
    unknown = [name for name in classes if name not in STL10]
    if unknown:
        raise ValueError(f"ImageNet's classes are mapped to STL-10's only; got {unknown[0]!r}.")
    columns = np.full(OUTPUTS, len(classes), np.int64)
    for index, _, name in table():
        if name in classes:
            columns[index] = list(classes).index(name)
    return columns
