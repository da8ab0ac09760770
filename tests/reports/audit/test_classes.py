"""A confusion matrix of the wrong shape or rows, and classes that are never predicted."""

import numpy as np
import pytest

PART = {"size": [8, 8], "per_class": [800] * 10}
TEN_CLASSES = {"train": PART, "val": PART, "test": PART}


def test_two_merged_classes_are_caught(make_trial, weak, faults):
    labels, predicted = weak(10, 800, 0.6)
    labels, predicted = np.minimum(labels, 8), np.minimum(predicted, 8)
    trial = make_trial("t", labels, predicted, 9, seen=TEN_CLASSES)
    said = faults(trial)
    assert set(said) == {"confusion_shape", "confusion_rows"}
    assert "9 x 9" in said["confusion_shape"] and "10 classes" in said["confusion_shape"]
    assert "1,600 images of c8" in said["confusion_rows"]


def test_merged_classes_are_caught_in_a_matrix_of_the_right_shape(make_trial, weak, faults):
    labels, predicted = weak(10, 800, 0.6)
    labels, predicted = np.minimum(labels, 8), np.minimum(predicted, 8)
    trial = make_trial("t", labels, predicted, 10, seen=TEN_CLASSES)
    said = faults(trial)
    assert set(said) == {"confusion_rows", "class_never_predicted"}
    assert "c9" in said["class_never_predicted"]


def test_rows_are_compared_with_what_the_trial_was_given(healthy, faults):
    part = {"size": [8, 8], "per_class": [50] * 9 + [49]}
    says = faults(healthy("t", seen={"test": part}))
    assert "50 images of c9" in says["confusion_rows"] and "49" in says["confusion_rows"]


def test_a_class_that_is_never_predicted_is_named_if_it_has_images(make_trial, faults):
    labels = np.repeat([0, 1, 2], [50, 50, 4])
    predicted = np.minimum(labels, 1)
    assert faults(make_trial("few", labels, predicted, ["a", "b", "c", "none"])) == {}
    labels, predicted = np.append(labels, 2), np.append(predicted, 1)
    says = faults(make_trial("five", labels, predicted, ["a", "b", "c", "none"]))
    assert says == {"class_never_predicted": "Never predicted, of 4 classes: c."}


@pytest.mark.parametrize("classes", [2, 5, 12])
def test_an_imbalanced_test_set_raises_nothing(classes, make_trial, faults):
    labels = np.repeat(
        np.arange(classes), [400] + [4 if classes > 2 else 40] + [40] * (classes - 2)
    )
    wrong = np.random.default_rng(0).random(len(labels)) < 0.02
    predicted = np.where(wrong | ((labels == 1) & (classes > 2)), 0, labels)
    assert faults(make_trial("t", labels, predicted, classes)) == {}


@pytest.mark.parametrize("accuracy", [0.1, 0.12, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_classes_does_not_matter(accuracy, seed, make_trial, weak, audit):
    labels, predicted = weak(10, 100, accuracy, seed)
    predicted[predicted == 7] = 2
    order = np.random.default_rng(seed).permutation(10)
    renamed = np.array([f"c{number}" for number in range(10)])[np.argsort(order)].tolist()
    one = audit(make_trial("a", labels, predicted, 10))
    other = audit(make_trial("b", order[labels], order[predicted], renamed))
    assert one == other and "c7" in one.faults[-1].says
