"""Losses that go nowhere and embeddings that collapse."""

from dataclasses import replace

import numpy as np
import pytest


def lines(entropies, extras, norms=None):
    """Metrics of epochs, by their losses and the mean length of embeddings."""
    norms = norms or [20.0] * len(entropies)
    return [
        {"epoch": epoch, "train/cross_entropy": ce, "train/auxiliary_loss": extra,
         "train/embedding_norm": norm}
        for epoch, (ce, extra, norm) in enumerate(zip(entropies, extras, norms, strict=True), 1)
    ]  # fmt: skip


SPREAD = np.random.default_rng(0).normal(size=(200, 64))
ONE_POINT = 0.3 + 1e-3 * SPREAD
LEARNS = lines([3.7, 2.9, 1.2], [249.0, 230.0, 206.0])
COLLAPSES = lines([3.871, 3.913, 3.912], [204.8, 0.85, 0.0017], [20.3, 1.4, 0.067])


def test_a_collapsed_center_loss_is_caught(faults, embedded):
    trial = embedded("t", ONE_POINT, COLLAPSES)
    trial = replace(trial, metrics={**trial.metrics, "test/accuracy": 0.0212})
    said = faults(trial)
    assert set(said) == {"stuck_at_ln_c", "collapsed", "chance"}
    assert "3.912" in said["stuck_at_ln_c"] and "0.0017" in said["stuck_at_ln_c"]


@pytest.mark.parametrize("loss", ["center", "triplet", "cross_entropy"])
def test_an_embedding_that_learns_raises_nothing(loss, audit, embedded):
    epochs = {
        "center": LEARNS,
        "triplet": lines([3.7, 2.9, 2.2, 1.2], [0.3, 0.25, 0.22, 0.2]),  # passes its margin
        "cross_entropy": lines([3.7, 2.9, 1.2], [0.0, 0.0, 0.0]),
    }[loss]
    trial = embedded("t", SPREAD, epochs, loss, margin=0.2)
    assert audit(trial).faults == [] and audit(trial).unchecked == []


@pytest.mark.parametrize(
    "entropies, extras",
    [
        ([3.9, 3.9], [200.0, 3.0]),  # the auxiliary loss is still there
        ([3.7, 3.5], [200.0, 0.01]),  # cross-entropy falls
        ([3.9, 3.9], [0.0, 0.0]),  # there is no auxiliary loss
    ],
)
def test_being_stuck_takes_both_losses(entropies, extras, faults, embedded):
    assert faults(embedded("t", SPREAD, lines(entropies, extras))) == {}


@pytest.mark.parametrize(
    "points",
    [ONE_POINT, np.zeros((9, 4)), 0.003 * SPREAD],
    ids=["one direction", "zero", "hardly any length"],
)
def test_embeddings_that_collapsed(points, faults, embedded):
    assert set(faults(embedded("t", points, LEARNS))) == {"collapsed"}


@pytest.mark.parametrize(
    "settings, value, says",
    [
        ({"margin": 0.2}, 0.2001, "margin of 0.2"),
        ({"margin": 2.0}, 1.995, "margin of 2"),
        ({"soft_margin": True}, 0.6935, "ln 2"),
    ],
)
def test_a_triplet_loss_that_stays_at_its_margin(settings, value, says, faults, embedded):
    epochs = lines([3.7, 2.9, 2.0], [value + 0.1, value, value])
    trial = embedded("t", SPREAD, epochs, "triplet", **settings)
    assert says in faults(trial)["triplet_at_margin"]
    assert faults(replace(trial, settings={**settings, "loss": "center"})) == {}


def test_a_margin_of_zero_is_met_by_a_loss_of_zero(faults, embedded):
    epochs = lines([3.7, 2.9], [0.1, 0.0])
    assert faults(embedded("t", SPREAD, epochs, "triplet", margin=0.0)) == {}


def test_a_trial_that_did_not_finish_is_audited_by_its_epochs_and_data(make_trial, faults, audit):
    part = {"size": [8, 8], "per_class": [50] * 50}
    seen = {"train": part, "val": part, "test": part, "shared": 200}
    trial = make_trial("t", seen=seen, lines=COLLAPSES, status="stopped")
    assert set(faults(trial)) == {"shared_images", "stuck_at_ln_c"}
    assert audit(trial).unchecked == ["the trial is stopped: all of its test set"]
