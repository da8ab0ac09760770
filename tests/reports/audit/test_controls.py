"""Controls: one batch is learnt by heart, and nothing from shuffled labels."""

from dataclasses import replace

import numpy as np
import pytest

from reports.audit import audit_run


def test_one_batch_has_to_be_learnt_and_nothing_else(make_trial, weak, faults, audit):
    def control(name, accuracy):
        epochs = [{"epoch": 1, "train/accuracy": 0.99}, {"epoch": 2, "train/accuracy": accuracy}]
        at_chance = np.full(500, 3)
        labels, _ = weak(10, 50, 0.1)
        settings = {"control": "one_batch"}
        return make_trial(name, labels, at_chance, 10, lines=epochs, settings=settings)

    assert faults(control("learns", 0.95)) == {}
    assert audit(control("learns", 0.95)).passed == "one batch is learnt by heart, as it must be"
    assert audit(control("does not", 0.94)).passed == ""
    says = faults(control("does not", 0.94))
    assert set(says) == {"one_batch_not_learnt"} and "94.0 %" in says["one_batch_not_learnt"]


@pytest.fixture
def shuffled(make_trial, weak):
    """A control of shuffled labels that is right so often."""

    def make(name, accuracy, **fields):
        settings = {"control": "shuffled_labels", "C": 1.0}
        return make_trial(name, *weak(10, 50, accuracy), 10, settings=settings, **fields)

    return make


def test_shuffled_labels_end_at_chance_and_data_is_still_checked(faults, shuffled):
    assert faults(shuffled("t", 0.1)) == {}
    assert set(faults(shuffled("u", 0.1, seen={"shared": 1}))) == {"shared_images"}


@pytest.mark.parametrize("accuracy, learnt", [(0.1, False), (0.35, False), (0.6, True)])
def test_shuffled_labels_are_compared_with_the_ordinary_trial(
    accuracy, learnt, healthy, audit, shuffled
):
    control = shuffled("control", accuracy)
    ordinary = healthy("ordinary", settings={"C": 1.0})
    audits = audit_run([control, ordinary])
    assert audits["ordinary"] == audit(ordinary)
    checks = [fault.check for fault in audits["control"].faults]
    assert checks == ["shuffled_labels_learnt"] * learnt and not audits["control"].unchecked
    passed = "from shuffled labels nothing is learnt, as it must be"
    assert audits["control"].passed == ("" if learnt else passed)


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"settings": {"C": 2.0}}, {"status": "failed", "metrics": {}}]
)
def test_only_a_finished_trial_of_the_same_settings_and_seed_compares(other, healthy, shuffled):
    control = shuffled("control", 0.6)
    ordinary = healthy("ordinary", settings={"C": 1.0})
    of = audit_run([control, replace(ordinary, **other)])["control"]
    assert of.faults == []
    assert of.unchecked == ["no finished ordinary trial: shuffled_labels_learnt"]
    assert of.passed == ""


def test_an_ordinary_trial_at_chance_compares_with_nothing(make_trial, weak, shuffled):
    ordinary = make_trial("o", *weak(10, 50, 0.1), 10, settings={"C": 1.0})
    of = audit_run([shuffled("control", 0.6), ordinary])["control"]
    assert of.unchecked == ["the ordinary trial is itself at chance: shuffled_labels_learnt"]
