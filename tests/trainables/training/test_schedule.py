"""The ends and the peak of the learning rate."""

import pytest

from trainables.training.schedule import one_cycle


def test_it_rises_in_a_line_to_its_peak_and_falls_to_nothing():
    assert one_cycle(0.0) == 0.04
    assert one_cycle(0.15) == pytest.approx(0.52)
    assert one_cycle(0.3) == pytest.approx(1.0)
    assert one_cycle(0.65) == pytest.approx(0.5)
    assert one_cycle(1.0) == pytest.approx(0.0)
