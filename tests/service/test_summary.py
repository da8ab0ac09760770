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
    trials = [
        {
            "variant": f"optimizer={name} lr={lr}",
            "name": f"optimizer={name} lr={lr} seed={seed}",
            "sweeps": ["optimizer"],
            "status": "finished",
            "settings": {"optimizer": name, "lr": lr},
            "metrics": {"val/accuracy": mean + (-1) ** seed * 0.01, "test/accuracy": 1 - mean},
        }
        for (name, lr), mean in accuracies.items()
        for seed in (0, 1)
    ]
    return {"dataset": {}, "trials": trials}


FOUND = {
    ("adam", 0.1): 0.5, ("adam", 0.2): 0.7, ("adam", 0.3): 0.6,
    ("sgd", 0.1): 0.5, ("sgd", 0.2): 0.6, ("sgd", 0.3): 0.8,
}  # fmt: skip


def test_each_variant_is_shown_at_its_own_value_and_an_end_of_the_range_is_said(capsys):
    show(study(tune_each="lr"), results(FOUND))
    whole, own = capsys.readouterr().out.split("each at its own lr, that with the best val/acc")
    assert whole.count("optimizer=adam") == 3
    assert own.count("optimizer=adam lr=0.2") == own.count("optimizer=sgd lr=0.3") == 1
    assert own.count("lr=") == 2
    assert "optimizer=sgd: its own lr, 0.3, is the largest that was tried; a larger" in own
    assert "optimizer=adam: its own" not in own


def test_a_study_that_tunes_nothing_has_one_table(capsys):
    show(study(), results(FOUND))
    assert "its own" not in capsys.readouterr().out


@pytest.mark.parametrize(("mode", "chosen"), [("max", "lr=0.2"), ("min", "lr=0.1")])
def test_the_study_s_mode_decides_which_value_is_best(mode, chosen):
    variants = {}
    for trial in results({k: v for k, v in FOUND.items() if k[0] == "adam"})["trials"]:
        variants.setdefault(trial["variant"], []).append(trial)
    assert own_values(variants, "lr", "val/accuracy", mode) == [f"optimizer=adam {chosen}"]
