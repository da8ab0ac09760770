"""The learning rate over a training, and when one that no longer gains ends."""

import pytest
import torch

from trainables.training.schedule import Schedule, one_cycle


def ran(losses, patience, epochs=1000):
    """(rates at the end of each epoch, how many epochs there were)."""
    schedule, rates = Schedule(epochs, patience), []
    for epoch, loss in enumerate(losses, 1):
        rates.append(schedule.share(epoch - 1e-9))
        schedule.told(loss)
        if schedule.over:
            return rates, epoch
    return rates, len(losses)


def test_without_patience_it_is_one_cycle_over_all_epochs():
    schedule = Schedule(4, 0)
    for elapsed in (0.0, 0.6, 1.2, 2.5, 3.9):
        assert schedule.share(elapsed) == one_cycle(elapsed / 4)
        schedule.told(0.0)
    assert not schedule.over and schedule.state() is None


def test_the_rate_falls_when_nothing_is_gained_and_training_ends_when_that_gains_nothing():
    rates, epochs = ran([0.9, 0.5, 0.5, 0.6, 0.7, 0.4, 0.4, 0.4, 0.1, 0.1], patience=3)
    assert rates[:5] == pytest.approx([1.0] * 5)
    assert rates[5:] == pytest.approx([0.1] * 5)
    assert epochs == 10
    assert ran([0.5, 0.5, 0.5, 0.5, 0.5], patience=2)[1] == 5
    assert ran([0.5, 0.5, 0.5], patience=1)[1] == 3
    assert ran(range(50, 0, -1), patience=1)[1] == 50


def test_it_falls_where_torch_lets_it_fall():
    values = torch.rand(60, generator=torch.Generator().manual_seed(1)).tolist()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="min", factor=0.1, patience=4, threshold=0
    )
    rates = []
    for value in values:
        rates.append(optimizer.param_groups[0]["lr"])
        theirs.step(value)
    ours, epochs = ran(values, patience=5)  # torch counts those that it lets pass
    assert ours == pytest.approx(rates[:epochs])
    assert 0.1 in {round(rate, 9) for rate in ours}


def test_it_warms_up_within_the_first_epoch():
    schedule = Schedule(100, 5)
    assert schedule.share(0.0) == pytest.approx(0.04)
    assert schedule.share(0.5) == pytest.approx(0.52)
    assert schedule.share(1.0) == schedule.share(7.5) == pytest.approx(1.0)


@pytest.mark.parametrize("cut", range(1, 9))
def test_it_goes_on_from_its_state(cut):
    losses = [0.9, 0.6, 0.6, 0.7, 0.5, 0.5, 0.6, 0.5, 0.8]
    whole, parted = Schedule(100, 2), Schedule(100, 2)
    for place, loss in enumerate(losses):
        if place == cut:
            parted = Schedule(100, 2, parted.state())
        assert whole.share(place + 0.5) == parted.share(place + 0.5)
        for one in (whole, parted):
            one.told(loss)
        assert whole.over == parted.over
    assert whole.over
