"""Sweeps over the same setting: epochs, steps and losses of every value, line below line."""

import pytest

from reports.page import page
from reports.reading import reading
from reports.side_by_side import side_by_side
from reports.terminal import show

SWEEPS = {"epochs": ("batch_size",), "steps": ("batch_size",), "other": ("lr",)}


@pytest.fixture
def made(made_run, made_trial):
    """made(sweep to its (batch size, steps an epoch, epochs, train loss)): a run of two seeds."""

    def make(**sweeps):
        trials = []
        for sweep, variants in sweeps.items():
            for size, steps, epochs, loss in variants:
                curves = {
                    "train/loss": [9.0] * (epochs - 1) + [loss],
                    "train/steps": [steps] * epochs,
                }
                trials += [
                    made_trial({"batch_size": size, "budget": sweep, "lr": size / 10}, seed,
                               sweep=sweep, curves=curves, metrics={"test/accuracy": loss / 4})
                    for seed in (0, 1)
                ]  # fmt: skip
        return made_run(trials, sweeps={name: SWEEPS[name] for name in sweeps})

    return make


EPOCHS = [(32, 50, 10, 0.3), (512, 4, 10, 0.6)]
STEPS = [(32, 50, 2, 0.6), (512, 4, 25, 0.4)]


def test_every_value_stands_at_equal_epochs_and_at_equal_steps(made):
    (table,) = side_by_side(made(epochs=EPOCHS, steps=STEPS))
    assert table.setting == "batch_size"
    assert table.head == [
        "batch_size", "sweep", "epochs", "steps", "train loss", "test accuracy", "n"
    ]  # fmt: skip
    assert table.rows == [
        ["32", "epochs", "10", "500", "0.300 ± 0.000", "7.5 ± 0.0 %", "2"],
        ["32", "steps", "2", "100", "0.600 ± 0.000", "15.0 ± 0.0 %", "2"],
        ["512", "epochs", "10", "40", "0.600 ± 0.000", "15.0 ± 0.0 %", "2"],
        ["512", "steps", "25", "100", "0.400 ± 0.000", "10.0 ± 0.0 %", "2"],
    ]


def test_there_is_none_without_several_values_that_sweeps_share(made):
    assert side_by_side(made(epochs=EPOCHS)) == []
    assert side_by_side(made(epochs=EPOCHS, steps=STEPS[:1])) == []
    assert side_by_side(made(epochs=EPOCHS, steps=[(64, 9, 2, 0.5), (128, 9, 2, 0.5)])) == []
    assert side_by_side(made(epochs=EPOCHS, other=STEPS)) == []  # of another setting


def test_page_and_terminal_show_it(made, capsys):
    read = reading(made(epochs=EPOCHS, steps=STEPS))
    show(read, lambda trials: [])
    out = capsys.readouterr().out
    assert "the same batch_size in several sweeps" in out and "0.400" in out
    html = page(read)
    assert "The same batch_size in several sweeps" in html
    assert html.count(">0.600 ± 0.000<") == 2
