"""Variants against the baseline: which are compared, on what, and what an effect is."""

from pathlib import Path

import numpy as np
import pytest

from reports import statistics
from reports.comparisons import compare, points
from runs.record import Trial

BASE = {"loss": "base"}


def trials(loss, accuracies, first=0, folder=Path("nowhere")):
    about = {"sweeps": ["loss"], "varied": ["loss"], "settings": {"loss": loss}}
    ended = {"status": "finished", "reason": None, "seconds": 1.0, "lines": []}
    return [
        Trial(f"{loss}{seed}", loss, seed, metrics={"test/accuracy": accuracy}, folder=folder,
              **about, **ended)
        for seed, accuracy in enumerate(accuracies, first)
    ]  # fmt: skip


def predicted(run, loss, right, label=0):
    """A trial and its folder, with predictions that are right where `right` says so."""
    folder = run / "trials" / f"{loss}0"
    folder.mkdir(parents=True)
    labels = np.full(len(right), label, np.int64)
    np.savez(folder / "predictions.npz", label=labels, prediction=np.where(right, labels, 9))
    return trials(loss, [float(np.mean(right))], folder=folder)


@pytest.mark.parametrize("baseline", [{"loss": "other"}, {}, {"lr": 1}])
def test_without_one_variant_as_the_baseline_nothing_is_compared(tmp_path, baseline):
    given = {"base": trials("base", [0.5, 0.6]), "up": trials("up", [0.6, 0.8])}
    assert compare(given, baseline) is None
    twice = {"a": trials("base", [0.5, 0.6]), "b": trials("base", [0.6, 0.8])}
    assert compare(twice, BASE) is None


def test_differences_are_paired_by_seed_and_hold_together(tmp_path):
    rows = {"base": [0.5, 0.6, 0.7], "up": [0.53, 0.62, 0.74], "same": [0.52, 0.58, 0.7]}
    given = {name: trials(name, values) for name, values in rows.items()}
    given["up"] = given["up"][::-1]  # the order of trials does not matter
    found = compare(given, BASE)
    assert found.baseline == "base" and list(found.differences) == ["up", "same"]
    up = found.differences["up"]
    assert up.estimate == pytest.approx(0.03) and up.basis == "t over seeds"
    alone = statistics.difference(rows["up"], rows["base"])
    assert up.low <= alone.low and up.high >= alone.high


def test_what_cannot_be_compared_is_named_with_the_reason(tmp_path):
    given = {
        "base": trials("base", [0.5, 0.6]),
        "whole": trials("whole", [0.6, 0.75, 0.8]),
        "failed once": trials("failed", [0.6], first=1),
        "no spread": trials("tied", [0.51, 0.61]),
    }
    found = compare(given, BASE)
    assert list(found.differences) == ["whole"]
    assert found.left_out == {
        "failed once": "lacks a seed that the baseline has",
        "no spread": "differs by the same +1.0 in all seeds",
    }


def test_one_seed_is_compared_on_the_same_test_images(tmp_path):
    random = np.random.default_rng(0)
    base = random.random(2_000) < 0.6
    moved = np.zeros(2_000, bool)
    for kind in (base, ~base):  # as many become wrong as become right
        moved[np.flatnonzero(kind)[:20]] = True
    better = base | (random.random(2_000) < 0.2)
    given = {
        "base": predicted(tmp_path, "base", base),
        "better": predicted(tmp_path, "better", better),
        "same": predicted(tmp_path, "same", np.where(moved, ~base, base)),
        "elsewhere": predicted(tmp_path, "elsewhere", base, label=1),
        "bare": trials("bare", [0.5]),
    }
    found = compare(given, BASE)
    assert {d.basis for d in found.differences.values()} == {"bootstrap over test images"}
    assert found.differences["better"].excludes_zero and found.differences["better"].p < 0.001
    assert not found.differences["same"].excludes_zero and found.differences["same"].p > 0.05
    alone = statistics.bootstrap_difference(better, base)
    assert found.differences["better"].low < alone.low
    assert found.differences["better"].high > alone.high
    assert set(found.left_out) == {"elsewhere", "bare"}


def test_a_chance_tie_of_two_seeds_is_no_finding(tmp_path):
    """Two seeds often differ by the same number of images: t alone would say p = 0."""
    random = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        base, other = (np.round(0.5 + 0.005 * random.normal(size=2), 2) for _ in range(2))
        given = {"base": trials("base", base), "other": trials("other", other)}
        result = compare(given, BASE)
        found += any(difference.p <= 0.05 for difference in result.differences.values())
    assert found / 400 < 0.08


def test_effects_are_written_in_points():
    difference = statistics.difference([0.52, 0.53], [0.5, 0.5])
    assert points(difference) == ("+2.5", "-3.9 to +8.9", "0.126")


def test_an_interval_that_ends_at_zero_without_it_says_so():
    rows = [[0.1, 0.1001, 0.0999], [0.02, -0.03, 0.01]]  # one found, one not
    first, second = (points(d) for d in statistics.simultaneous(rows))
    assert first[1].startswith("above 0 to +10.")
    assert second[1].startswith("-")
