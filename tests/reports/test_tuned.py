"""The value that a variant is drawn at: the best on average over seeds."""

import math

from reports.tuned import own_values


def test_each_variant_has_the_value_with_the_best_mean_over_seeds():
    found = [
        ("sgd", 0.1, [0.9, 0.1]),
        ("sgd", 0.01, [0.6, 0.6]),
        ("adam", 0.01, [0.2]),
        ("adam", 0.001, [0.1]),
    ]
    assert own_values(found) == {"sgd": 0.01, "adam": 0.01}
    assert own_values(found, "min") == {"sgd": 0.1, "adam": 0.001}


def test_of_equals_the_first_is_taken():
    found = [("a", 1, [0.5, 0.5]), ("a", 2, [0.25, 0.75])]
    assert own_values(found) == own_values(found, "min") == {"a": 1}


def test_a_value_some_of_whose_seeds_failed_is_no_variants_own():
    found = [("a", 0.1, [0.7, 0.7, 0.7]), ("a", 0.3, [0.9])]
    assert own_values(found) == {"a": 0.1}


def test_a_value_without_a_metric_is_no_variants_own():
    found = [("a", 1, []), ("a", 2, [math.nan]), ("a", 3, [0.1]), ("b", 1, [])]
    assert own_values(found) == {"a": 3}
