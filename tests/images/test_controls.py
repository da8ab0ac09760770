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
    changed = controls.one_batch(given)
    assert len(changed.train) == 160 and len(np.unique(changed.train.rows)) == different
    assert (changed.train.per_class > 0).all()
    # Every image has its own label still.
    assert np.array_equal(changed.train.labels, given.train.labels[changed.train.rows])
    assert changed.val is given.val and changed.test is given.test


def test_shuffled_labels_are_the_same_labels_of_other_images():
    given = splits()
    changed = controls.shuffled_labels(given, np.random.default_rng(1))
    assert np.array_equal(changed.train.per_class, given.train.per_class)
    assert np.array_equal(changed.train.rows, given.train.rows)
    assert 0.1 < np.mean(changed.train.labels == given.train.labels) < 0.6
    assert changed.test is given.test
