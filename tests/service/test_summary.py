"""What ends a run: tables, and each variant at its own value of what it tunes."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.claims import Claim, beats
from reports.run import Run, Trial
from reports.tuned import own_variants
from service.study import Study
from service.summary import show
from trainables.protocol import Settings


class Toy(Settings):
    optimizer: str = "adam"
    lr: float = 0.1


def study(**changes):
    rates = {"grid_search": [0.1, 0.2, 0.3]}
    parts = [{"optimizer": name, "lr": rates} for name in ("adam", "sgd")]
    return Study("toy", "?", print, Toy(), {"optimizer": parts}, "val/accuracy", **changes)


def run(study, accuracies):
    """Two seeds of every variant; accuracies: (optimizer, lr) to the mean on validation."""
    rise = {"adam": 0.02, "sgd": 0.04}  # of test, from seed to seed
    trials = [
        Trial(
            key=f"{name}{lr}{seed}",
            variant=f"optimizer={name} lr={lr}",
            seed=seed,
            sweeps=["optimizer"],
            varied=["optimizer", "lr"],
            settings={"optimizer": name, "lr": lr},
            status="finished",
            reason=None,
            metrics={
                "val/accuracy": mean + (-1) ** seed * 0.01,
                "test/accuracy": mean + rise[name] * seed,
            },
            seconds=1.0,
            lines=[],
            folder=Path(),
        )
        for (name, lr), mean in accuracies.items()
        for seed in (0, 1)
    ]
    about = {"study": study.name, "run": "now", "metric": study.metric, "mode": study.mode}
    return Run(Path(), about | study.judged_by(), {}, trials, {})


FOUND = {
    ("adam", 0.1): 0.5, ("adam", 0.2): 0.7, ("adam", 0.3): 0.6,
    ("sgd", 0.1): 0.5, ("sgd", 0.2): 0.6, ("sgd", 0.3): 0.8,
}  # fmt: skip


def test_each_variant_is_shown_at_its_own_value_and_an_end_of_the_range_is_said(capsys):
    chosen = study(tune_each="lr")
    show(chosen, run(chosen, FOUND))
    whole, own = capsys.readouterr().out.split("each at its own lr, that with the best val/acc")
    assert whole.count("optimizer=adam") == 3
    assert own.count("optimizer=adam lr=0.2") == own.count("optimizer=sgd lr=0.3") == 1
    assert own.count("lr=") == 2
    assert "optimizer=sgd: its own lr, 0.3, is the largest that was tried; a larger" in own
    assert "optimizer=adam: its own" not in own


def test_a_value_that_diverged_was_tried_too_and_is_nobody_s_own(capsys):
    chosen = study(tune_each="lr")
    given = run(chosen, FOUND)
    trials = [
        replace(trial, status="failed", reason="diverged")
        if trial.settings == {"optimizer": "sgd", "lr": 0.3} and trial.seed == 1
        else trial
        for trial in given.trials
    ]
    show(chosen, replace(given, trials=trials))
    _, own = capsys.readouterr().out.split("each at its own lr")
    assert "optimizer=sgd lr=0.2" in own and "is the largest" not in own


def test_a_study_that_tunes_nothing_has_one_table(capsys):
    chosen = study()
    show(chosen, run(chosen, FOUND))
    assert "its own" not in capsys.readouterr().out


def test_variants_are_compared_with_the_baseline_at_their_own_values(capsys):
    chosen = study(tune_each="lr", baseline={"optimizer": "adam"})
    show(chosen, run(chosen, FOUND))
    _, compared = capsys.readouterr().out.split("Test accuracy in points, less that of")
    assert compared.startswith(" optimizer=adam lr=0.2 (t over seeds, n=2):")
    (row,) = [line for line in compared.splitlines() if "optimizer=sgd" in line]
    assert "lr=0.3" in row and "+11.0" in row  # 80 against 70 %, then 84 against 72 %
    assert "One seed" not in compared


def test_without_the_baseline_in_a_run_nothing_is_compared(capsys):
    chosen = study(baseline={"optimizer": "rmsprop"})
    show(chosen, run(chosen, FOUND))
    assert "less that of" not in capsys.readouterr().out


@pytest.mark.parametrize(("mode", "chosen"), [("max", "lr=0.2"), ("min", "lr=0.1")])
def test_the_study_s_mode_decides_which_value_is_best(mode, chosen):
    given = run(study(), {k: v for k, v in FOUND.items() if k[0] == "adam"})
    own = own_variants(given.variants(), "lr", "val/accuracy", mode)
    assert own == [f"optimizer=adam {chosen}"]


def test_what_the_audit_found_and_the_verdicts_are_said(capsys):
    above = beats("optimizer", {"optimizer": "sgd"}, {"optimizer": "adam"})
    chosen = study(claims=[Claim(id="c", says="SGD wins.", counts_as="?", test=above)])
    given = run(chosen, FOUND)
    broken = replace(given.trials[0], lines=[{"epoch": 1, "train/loss": float("nan")}])
    show(chosen, replace(given, trials=[broken, *given.trials[1:]]))
    said = capsys.readouterr().out
    assert said.count("⚠ optimizer=adam lr=0.1 ") == 2  # in the table, and below it
    assert "train/loss is nan in epoch 1" in said
    assert "c: NOT TESTED. SGD wins." in said
