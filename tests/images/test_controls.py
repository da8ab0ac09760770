"""Train sets on which the outcome is known beforehand."""

import numpy as np
import pytest

from images import controls
from images.splits import DataInfo, Images, Splits


def splits(classes=3, images=90):
    random = np.random.default_rng(0)
    store = random.integers(0, 255, (2 * images, 3, 4, 4), np.uint8)
    labels = np.arange(images) % classes
    names = tuple(map(str, range(classes)))
    parts = [Images(store, labels, names, np.arange(images) + start) for start in (0, images, 0)]
    info = DataInfo("made", "f", None, {}, [], list(names))
    return Splits(*parts, info=info)


@pytest.mark.parametrize(("classes", "different"), [(3, 64), (80, 80)])
def test_one_batch_is_repeated_and_has_every_class(classes, different):
    given = splits(classes, 160)
    found = controls.one_batch(given)
    assert len(found.train) == 160 and len(np.unique(found.train.rows)) == different
    assert (found.train.per_class > 0).all()
    # Every image has its own label still.
    assert np.array_equal(found.train.labels, given.train.labels[found.train.rows])
    assert found.val is given.val and found.test is given.test


def test_shuffled_labels_are_the_same_labels_of_other_images():
    given = splits()
    found = controls.shuffled_labels(given, np.random.default_rng(1))
    assert np.array_equal(found.train.per_class, given.train.per_class)
    assert np.array_equal(found.train.rows, given.train.rows)
    assert 0.1 < np.mean(found.train.labels == given.train.labels) < 0.6
    assert found.test is given.test
