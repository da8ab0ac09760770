"""What a trial was given, counted from the images themselves."""

import numpy as np

from images.splits import DataInfo, Images, Splits
from runs.artifacts import Seen, Split
from trainables.training import seen


def test_sizes_classes_and_images_on_both_sides_are_counted(tmp_path):
    store = np.random.default_rng(0).integers(0, 255, (700, 3, 6, 5), np.uint8)
    store[650] = store[3]  # a test image that train has, too
    store[651] = store[400]  # and one that validation has
    labels, names = np.arange(700) % 2, ("a", "b")
    parts = [
        Images(store, labels[rows], names, rows)
        for rows in (np.arange(301), np.arange(301, 500), np.arange(500, 700))
    ]
    seen.record(Splits(*parts, info=DataInfo("x", "f", None, {}, [], [*names])), tmp_path)
    record = Seen.load(tmp_path)
    assert record.shared == 2
    assert record.train == Split((6, 5), (151, 150))
    assert record.test == Split((6, 5), (100, 100))
