"""Variants against the baseline: which are compared, on what, and what an effect is."""

import numpy as np
import pytest

from claims import statistics
from claims.comparisons import compare
from claims.units import POINTS
from reports.differences import told
from runs.artifacts import Predictions

BASE = {"loss": "base"}


@pytest.fixture
def variants(made_run, made_trial):
    """variants(up=[0.5, 0.6], ...): those of a run, by the accuracies of their seeds."""

    def make(metric="test/accuracy", **rows):
        trials = [
            made_trial({"loss": loss}, seed, metrics={metric: value})
            for loss, values in rows.items()
            for seed, value in (values.items() if isinstance(values, dict) else enumerate(values))
        ]
        return made_run(trials).variants

    return make


def by_name(rows):
    return {variant.name.removeprefix("loss="): value for variant, value in rows.items()}


@pytest.mark.parametrize("baseline", [{"loss": "other"}, None, {"lr": 1}])
def test_without_one_variant_as_the_baseline_nothing_is_compared(variants, baseline):
    assert compare(variants(base=[0.5, 0.6], up=[0.6, 0.8]), baseline) is None


def test_a_baseline_that_several_variants_have_is_none(made_run, made_trial):
    metrics = {"test/accuracy": 0.5}
    twice = [made_trial({**BASE, "lr": lr}, metrics=metrics) for lr in (1, 2)]
    assert compare(made_run(twice).variants, BASE) is None


def test_without_a_named_baseline_the_first_variant_is_it(variants):
    compared = compare(variants(first=[0.5, 0.6], base=[0.6, 0.8]), {})
    assert compared.baseline.name == "loss=first" and list(by_name(compared.differences)) == [
        "base"
    ]
    assert compare([], {}) is None


def test_differences_are_paired_by_seed_and_hold_together(made_run, made_trial):
    rows = {"base": [0.5, 0.6, 0.7], "up": [0.53, 0.62, 0.74], "same": [0.52, 0.58, 0.7]}
    trials = {
        loss: [
            made_trial({"loss": loss}, seed, metrics={"test/accuracy": value})
            for seed, value in enumerate(values)
        ]
        for loss, values in rows.items()
    }
    trials["up"] = trials["up"][::-1]  # the order of trials does not matter
    compared = compare(made_run([t for same in trials.values() for t in same]).variants, BASE)
    assert compared.baseline.name == "loss=base"
    assert list(by_name(compared.differences)) == ["up", "same"]
    up = by_name(compared.differences)["up"]
    assert up.estimate == pytest.approx(0.03) and up.basis == "t over seeds"
    alone = statistics.difference(rows["up"], rows["base"])
    assert up.low <= alone.low and up.high >= alone.high


def test_what_cannot_be_compared_is_named_with_the_reason(variants):
    rows = {"base": [0.5, 0.6], "whole": [0.6, 0.75, 0.8], "once": {1: 0.6}, "tied": [0.51, 0.61]}
    compared = compare(variants(**rows), BASE)
    assert list(by_name(compared.differences)) == ["whole"]
    assert by_name(compared.left_out) == {
        "once": "lacks a seed that the baseline has",
        "tied": "differs by the same +1.0 in all seeds",
    }


def test_the_metric_may_be_any_and_is_told_in_its_unit(variants):
    rows = {"base": [0.5, 0.6], "up": [0.6, 0.8], "tied": [0.7, 0.8]}
    compared = compare(variants("val/rmse", **rows), BASE, "val/rmse")
    assert compared.metric == "val/rmse"
    assert by_name(compared.differences)["up"].estimate == pytest.approx(0.15)
    assert by_name(compared.left_out) == {"tied": "differs by the same +0.2 in all seeds"}
    assert compare(variants(base=[0.5, 0.6], up=[0.6, 0.8]), BASE, "val/rmse") is None


def test_one_seed_of_what_images_do_not_tell_is_not_compared(variants):
    given = variants("test/auc_macro", base=[0.5], up=[0.6], late={1: 0.6})
    compared = compare(given, BASE, "test/auc_macro")
    assert not compared.differences
    assert by_name(compared.left_out) == {
        "up": "has one seed, no spread to judge by",
        "late": "lacks a seed that the baseline has",
    }


def test_one_seed_is_compared_on_the_same_test_images(made_run, made_trial, tmp_path):
    random = np.random.default_rng(0)
    base = random.random(2_000) < 0.6
    moved = np.zeros(2_000, bool)
    for kind in (base, ~base):  # as many become wrong as become right
        moved[np.flatnonzero(kind)[:20]] = True
    better = base | (random.random(2_000) < 0.2)

    def trial(loss, right, label=0):
        """Its folder has predictions that are right where `right` says so."""
        (tmp_path / loss).mkdir()
        labels = np.full(len(right), label)
        Predictions(labels, np.where(right, labels, 9)).save(tmp_path / loss)
        metrics = {"test/accuracy": float(np.mean(right))}
        return made_trial({"loss": loss}, metrics=metrics, folder=tmp_path / loss)

    trials = [
        trial("base", base),
        trial("better", better),
        trial("same", np.where(moved, ~base, base)),
        trial("elsewhere", base, label=1),
        made_trial({"loss": "bare"}, metrics={"test/accuracy": 0.5}),
    ]
    compared = compare(made_run(trials).variants, BASE)
    rows = by_name(compared.differences)
    assert {d.basis for d in rows.values()} == {"bootstrap over test images"}
    assert rows["better"].excludes_zero and rows["better"].p < 0.001
    assert not rows["same"].excludes_zero and rows["same"].p > 0.05
    alone = statistics.bootstrap_difference(better, base)
    assert rows["better"].low < alone.low and rows["better"].high > alone.high
    assert by_name(compared.left_out) == dict.fromkeys(
        ("elsewhere", "bare"), "has no predictions of the baseline's test images"
    )


def test_a_chance_tie_of_two_seeds_is_no_finding(variants):
    """Two seeds often differ by the same number of images: t alone would say p = 0."""
    random = np.random.default_rng(0)
    compared = 0
    for _ in range(400):
        base, other = (np.round(0.5 + 0.005 * random.normal(size=2), 2) for _ in range(2))
        result = compare(variants(base=base, other=other), BASE)
        compared += any(difference.p <= 0.05 for difference in result.differences.values())
    assert compared / 400 < 0.08


def test_effects_are_written_in_points():
    difference = statistics.difference([0.52, 0.53], [0.5, 0.5])
    assert told(difference, POINTS) == ("+2.5", "-3.9 to +8.9", "0.126")


def test_an_interval_that_ends_at_zero_without_it_says_so():
    rows = [[0.1, 0.1001, 0.0999], [0.02, -0.03, 0.01]]  # one found, one not
    first, second = (told(d, POINTS) for d in statistics.simultaneous(rows))
    assert first[1].startswith("above 0 to +10.")
    assert second[1].startswith("-")
