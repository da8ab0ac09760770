"""What ends a run: tables, and each variant at its own value of what it tunes."""

import pytest

from service.study import Study
from service.summary import own_values, show
from trainables.protocol import Settings


class Toy(Settings):
    optimizer: str = "adam"
    lr: float = 0.1


def study(**changes):
    rates = {"grid_search": [0.1, 0.2, 0.3]}
    parts = [{"optimizer": name, "lr": rates} for name in ("adam", "sgd")]
    return Study("toy", "?", print, Toy(), {"optimizer": parts}, "val/accuracy", **changes)


def results(accuracies):
    """Two seeds of every variant; accuracies: (optimizer, lr) to the mean on validation."""
    rise = {"adam": 0.02, "sgd": 0.04}  # of test, from seed to seed
    trials = [
        {
            "variant": f"optimizer={name} lr={lr}",
            "name": f"optimizer={name} lr={lr} seed={seed}",
            "sweeps": ["optimizer"],
            "status": "finished",
            "seed": seed,
            "key": f"{name}{lr}{seed}",
            "settings": {"optimizer": name, "lr": lr},
            "metrics": {
                "val/accuracy": mean + (-1) ** seed * 0.01,
                "test/accuracy": mean + rise[name] * seed,
            },
        }
        for (name, lr), mean in accuracies.items()
        for seed in (0, 1)
    ]
    return {"dataset": {}, "trials": trials}


FOUND = {
    ("adam", 0.1): 0.5, ("adam", 0.2): 0.7, ("adam", 0.3): 0.6,
    ("sgd", 0.1): 0.5, ("sgd", 0.2): 0.6, ("sgd", 0.3): 0.8,
}  # fmt: skip


def test_each_variant_is_shown_at_its_own_value_and_an_end_of_the_range_is_said(capsys, tmp_path):
    show(study(tune_each="lr"), results(FOUND), tmp_path)
    whole, own = capsys.readouterr().out.split("each at its own lr, that with the best val/acc")
    assert whole.count("optimizer=adam") == 3
    assert own.count("optimizer=adam lr=0.2") == own.count("optimizer=sgd lr=0.3") == 1
    assert own.count("lr=") == 2
    assert "optimizer=sgd: its own lr, 0.3, is the largest that was tried; a larger" in own
    assert "optimizer=adam: its own" not in own


def test_a_value_that_diverged_was_tried_too_and_is_nobody_s_own(capsys, tmp_path):
    given = results(FOUND)
    for trial in given["trials"]:
        if trial["settings"] == {"optimizer": "sgd", "lr": 0.3} and trial["seed"] == 1:
            trial |= {"status": "failed", "reason": "diverged"}
    show(study(tune_each="lr"), given, tmp_path)
    _, own = capsys.readouterr().out.split("each at its own lr")
    assert "optimizer=sgd lr=0.2" in own and "is the largest" not in own


def test_a_study_that_tunes_nothing_has_one_table(capsys, tmp_path):
    show(study(), results(FOUND), tmp_path)
    assert "its own" not in capsys.readouterr().out


def test_variants_are_compared_with_the_baseline_at_their_own_values(capsys, tmp_path):
    show(study(tune_each="lr", baseline={"optimizer": "adam"}), results(FOUND), tmp_path)
    _, compared = capsys.readouterr().out.split("Test accuracy in points, less that of")
    assert compared.startswith(" optimizer=adam lr=0.2 (t over seeds, n=2):")
    (row,) = [line for line in compared.splitlines() if "optimizer=sgd" in line]
    assert "lr=0.3" in row and "+11.0" in row  # 80 against 70 %, then 84 against 72 %
    assert "One seed" not in compared


def test_without_the_baseline_in_a_run_nothing_is_compared(capsys, tmp_path):
    show(study(baseline={"optimizer": "rmsprop"}), results(FOUND), tmp_path)
    assert "less that of" not in capsys.readouterr().out


@pytest.mark.parametrize(("mode", "chosen"), [("max", "lr=0.2"), ("min", "lr=0.1")])
def test_the_study_s_mode_decides_which_value_is_best(mode, chosen):
    variants = {}
    for trial in results({k: v for k, v in FOUND.items() if k[0] == "adam"})["trials"]:
        variants.setdefault(trial["variant"], []).append(trial)
    assert own_values(variants, "lr", "val/accuracy", mode) == [f"optimizer=adam {chosen}"]
