"""The value that a variant is drawn at: the best on average over seeds."""

import math

import pytest

from claims.tuned import at_an_end, own_variants


@pytest.fixture
def tried(made_run, made_trial):
    """tried([(x, lr, the metric of each seed), ...]): the variants of such a run."""

    def make(given):
        return made_run(
            [
                made_trial({"x": x, "lr": lr}, seed, metrics={"val/accuracy": value})
                for x, lr, seeds in given
                for seed, value in enumerate(seeds)
            ]
        ).variants

    return make


def own(variants, mode="max"):
    variants = own_variants(variants, "lr", "val/accuracy", mode)
    return {variant.settings["x"]: variant.settings["lr"] for variant in variants}


def test_each_variant_has_the_value_with_the_best_mean_over_seeds(tried):
    variants = tried(
        [
            ("sgd", 0.1, [0.9, 0.1]),
            ("sgd", 0.01, [0.6, 0.6]),
            ("adam", 0.01, [0.2]),
            ("adam", 0.001, [0.1]),
        ]
    )
    assert own(variants) == {"sgd": 0.01, "adam": 0.01}
    assert own(variants, "min") == {"sgd": 0.1, "adam": 0.001}


def test_of_equals_the_first_is_taken(tried):
    variants = tried([("a", 1, [0.5, 0.5]), ("a", 2, [0.25, 0.75])])
    assert own(variants) == own(variants, "min") == {"a": 1}


def test_a_value_some_of_whose_seeds_failed_is_no_variants_own(tried):
    assert own(tried([("a", 0.1, [0.7, 0.7, 0.7]), ("a", 0.3, [0.9])])) == {"a": 0.1}


def test_a_value_without_a_metric_is_no_variants_own(tried, made_run, made_trial):
    variants = tried([("a", 2, [math.nan]), ("a", 3, [0.1])])
    bare = [made_trial({"x": x, "lr": 1}, metrics={"other": 1.0}) for x in "ab"]
    assert own([*made_run(bare).variants, *variants]) == {"a": 3}


def test_variants_that_differ_in_more_than_the_tuned_setting_are_no_rivals(made_run, made_trial):
    """What a variant is called says nothing of that: `held` has no part in any name."""
    trials = [
        made_trial({"x": "a", "lr": lr, "held": held}, metrics={"val/accuracy": lr})
        for lr in (0.1, 0.2)
        for held in (1, 2)
    ]
    variants = made_run(trials, sweeps={"s": ("x", "lr")}).variants
    variants = own_variants(variants, "lr", "val/accuracy", "max")
    assert [(v.settings["lr"], v.settings["held"]) for v in variants] == [(0.2, 1), (0.2, 2)]


def test_an_own_value_at_an_end_of_what_was_tried_is_said(tried):
    values = {"a": (0.1, 0.9, 0.2), "b": (0.9, 0.1, 0.2), "c": (0.1, 0.2, 0.9)}
    variants = tried([(x, lr, [v]) for x, of in values.items() for lr, v in enumerate(of, 1)])
    chosen = own_variants(variants, "lr", "val/accuracy", "max")
    assert at_an_end(variants, chosen, "lr") == [
        "x=b: its own lr, 1, is the smallest that was tried; a smaller one may be better.",
        "x=c: its own lr, 3, is the largest that was tried; a larger one may be better.",
    ]
    only = tried([("a", 1, [0.5])])
    assert at_an_end(only, only, "lr") == []
