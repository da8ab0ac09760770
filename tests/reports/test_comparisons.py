"""Variants against the baseline: which are compared, on what, and what an effect is."""

import numpy as np
import pytest

from reports import statistics
from reports.comparisons import Outcome, baseline_of, points, to_baseline

SETTINGS = {
    "a lr=1": {"loss": "a", "lr": 1},
    "a lr=2": {"loss": "a", "lr": 2},
    "b": {"loss": "b"},
}


def outcomes(accuracies, place, first=0):
    return [Outcome(s, {"test/accuracy": a}, place) for s, a in enumerate(accuracies, first)]


def predicted(place, name, right):
    """A trial's folder with predictions that are right where `right` says so."""
    folder = place / name
    folder.mkdir()
    label = np.zeros(len(right), np.int64)
    np.savez(folder / "predictions.npz", label=label, prediction=np.where(right, 0, 1))
    return [Outcome(0, {"test/accuracy": float(np.mean(right))}, folder)]


def test_the_baseline_is_the_one_variant_with_the_named_settings():
    assert baseline_of(SETTINGS, {"loss": "b"}) == "b"
    assert baseline_of(SETTINGS, {"loss": "a", "lr": 2}) == "a lr=2"
    assert baseline_of(SETTINGS, {"loss": "a"}) is None
    assert baseline_of(SETTINGS, {"loss": "c"}) is None
    assert baseline_of(SETTINGS, {}) is None


def test_differences_are_paired_by_seed_and_hold_together(tmp_path):
    rows = {"base": [0.5, 0.6, 0.7], "up": [0.53, 0.62, 0.74], "same": [0.52, 0.58, 0.7]}
    given = {name: outcomes(values, tmp_path) for name, values in rows.items()}
    given["up"] = given["up"][::-1]  # the order of trials does not matter
    found = to_baseline(given, "base")
    assert list(found) == ["up", "same"]
    assert found["up"].estimate == pytest.approx(0.03)
    alone = statistics.difference(rows["up"], rows["base"])
    assert found["up"].low <= alone.low and found["up"].high >= alone.high
    assert {d.basis for d in found.values()} == {"t over seeds"}


def test_a_variant_that_lacks_a_seed_is_not_compared(tmp_path):
    given = {
        "base": outcomes([0.5, 0.6], tmp_path),
        "whole": outcomes([0.6, 0.7, 0.8], tmp_path),
        "failed once": outcomes([0.6], tmp_path, first=1),
    }
    assert list(to_baseline(given, "base")) == ["whole"]


def test_one_seed_is_compared_on_the_same_test_images(tmp_path):
    random = np.random.default_rng(0)
    base = random.random(2_000) < 0.6
    moved = np.zeros(2_000, bool)
    for kind in (base, ~base):  # as many become wrong as become right
        moved[np.flatnonzero(kind)[:20]] = True
    given = {
        "base": predicted(tmp_path, "base", base),
        "better": predicted(tmp_path, "better", base | (random.random(2_000) < 0.2)),
        "same": predicted(tmp_path, "same", np.where(moved, ~base, base)),
    }
    found = to_baseline(given, "base")
    assert {d.basis for d in found.values()} == {"bootstrap over test images"}
    assert found["better"].excludes_zero and found["better"].p < 0.001
    assert not found["same"].excludes_zero and found["same"].p > 0.05
    labels = {
        n: np.load(o[0].folder / "predictions.npz")["prediction"] == 0 for n, o in given.items()
    }
    alone = statistics.bootstrap_difference(labels["better"], labels["base"])
    assert found["better"].low < alone.low and found["better"].high > alone.high


def test_without_predictions_or_a_metric_nothing_is_claimed(tmp_path):
    one = {"base": outcomes([0.5], tmp_path), "other": outcomes([0.6], tmp_path)}
    assert to_baseline(one, "base") == {}
    bare = {"base": outcomes([0.5], tmp_path), "other": [Outcome(0, {}, tmp_path)]}
    assert to_baseline(bare, "base") == {}


def test_effects_are_written_in_points():
    difference = statistics.difference([0.52, 0.53], [0.5, 0.5])
    assert points(difference) == ("+2.5", "-3.9 to +8.9", "0.126")


def test_an_interval_that_ends_at_zero_without_it_says_so():
    rows = [[0.1, 0.1001, 0.0999], [0.02, -0.03, 0.01]]  # one found, one not
    first, second = (points(d) for d in statistics.simultaneous(rows))
    assert first[1].startswith("above 0 to +10.")
    assert second[1].startswith("-")
