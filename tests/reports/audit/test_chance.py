"""Accuracy at chance, and predictions that have nothing to do with labels."""

import numpy as np
import pytest


@pytest.mark.parametrize("seed", range(8))
def test_features_that_were_shuffled_against_their_labels_are_caught(
    seed, make_trial, faults, digits
):
    assert "chance" in faults(make_trial("t", *digits(seed, shuffle=True), 10))


def test_groups_with_lucky_names_are_no_knowledge_though_many_images_are_right(make_trial, faults):
    labels = np.repeat(np.arange(10), 80)
    lucky = np.array([0, 1, 3, 4, 5, 6, 7, 8, 9, 2])[labels]  # two of ten names are right
    says = faults(make_trial("t", labels, lucky, 10))["chance"]
    assert "20.0 %" in says and "10.0 ± 10.0 %" in says and "at random" in says


def test_the_largest_class_is_what_chance_means(make_trial, faults):
    labels = np.repeat([0, 1], [700, 300])
    wrong = np.random.default_rng(0).random(1000) < 0.3
    says = faults(make_trial("t", labels, np.where(wrong, 1 - labels, labels), ["a", "b"]))
    assert "70.0 %" in says["chance"] and "1,000 images" in says["chance"]
    assert "independent" not in says  # it has learnt, only not enough


def test_predictions_that_do_not_depend_on_labels(make_trial, weak, faults):
    labels, predicted = weak(10, 100, 0.1)
    says = faults(make_trial("t", labels, predicted, 10))
    assert set(says) == {"chance", "independent"} and "1,000" in says["independent"]


def test_all_in_one_class(make_trial, weak, faults):
    labels, _ = weak(10, 100, 0.1)
    says = faults(make_trial("t", labels, np.full(1000, 3), 10))
    assert set(says) == {"chance", "independent", "class_never_predicted"}
    assert "predicted to be c3" in says["independent"]
    assert "c0, c1, c2, c4, c5 and 4 more" in says["class_never_predicted"]


def test_too_few_images_for_a_chi_square_test_are_said_to_be(make_trial, audit):
    labels = np.arange(10)
    trial = make_trial("t", labels, labels, 10)
    assert audit(trial).faults == []
    assert audit(trial).unchecked == ["too few test images: independent"]


def test_a_real_machine_raises_nothing(make_trial, digits, audit):
    trial = make_trial("t", *digits(0, shuffle=False), 10)
    assert audit(trial).faults == [] and audit(trial).unchecked == []


@pytest.mark.parametrize("seed", range(5))
def test_a_weak_classifier_raises_nothing(seed, make_trial, weak, faults):
    trial = make_trial("t", *weak(50, 50, 0.05, seed), 50)
    assert trial.metrics["test/accuracy"] < 0.07 and faults(trial) == {}
