"""What ends a run: tables, and each variant at its own value of what it tunes."""

from dataclasses import replace
from pathlib import Path

import pytest

from claims import Claim, beats
from claims.tuned import own_variants
from reports.reading import reading
from reports.terminal import show
from runs.record import StudyRecord, TrialRecord
from runs.run import Run
from service.study import Study
from trainables.protocol import Settings


class Toy(Settings):
    optimizer: str = "adam"
    lr: float = 0.1


def study(**changes):
    rates = {"grid_search": [0.1, 0.2, 0.3]}
    parts = [{"optimizer": name, "lr": rates} for name in ("adam", "sgd")]
    return Study("toy", "?", print, Toy(), {"optimizer": parts}, "val/accuracy", **changes)


def run(study, accuracies, **record):
    """Two seeds of every variant; accuracies: (optimizer, lr) to the mean on validation.

    record: what it has besides, as that of a run of earlier days, which tried the same values of
        what it tunes in every seed.
    """
    rise = {"adam": 0.02, "sgd": 0.04}  # of test, from seed to seed
    trials = [
        TrialRecord(
            key=f"{name}{lr}{seed}",
            seed=seed,
            sweeps=["optimizer"],
            settings={"optimizer": name, "lr": lr},
            status="finished",
            reason=None,
            diverged=False,
            epochs=1,
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
    about = StudyRecord(
        study=study.name, run="now", metric=study.metric, mode=study.mode,
        sweeps={"optimizer": study.varied("optimizer")}, **study.judged_by() | record,
    )  # fmt: skip
    return Run(Path(), about, trials)


def said(run, capsys):
    """What ends a run."""
    show(reading(run), Toy().remarks)
    return capsys.readouterr().out


TUNED = {"tune_each": "lr"}
FOUND = {
    ("adam", 0.1): 0.5, ("adam", 0.2): 0.7, ("adam", 0.3): 0.6,
    ("sgd", 0.1): 0.5, ("sgd", 0.2): 0.6, ("sgd", 0.3): 0.8,
}  # fmt: skip


def test_each_variant_is_shown_at_its_own_value_and_an_end_of_the_range_is_said(capsys):
    out = said(run(study(), FOUND, **TUNED), capsys)
    whole, own = out.split("each at its own lr, that with the best val/acc")
    assert whole.count("optimizer=adam") == 3
    table = own[: own.index("└")]
    assert table.count("optimizer=adam lr=0.2") == table.count("optimizer=sgd lr=0.3") == 1
    assert table.count("lr=") == 2
    assert "optimizer=sgd: its own lr, 0.3, is the largest that was tried; a larger" in own
    assert "optimizer=adam: its own" not in own


def test_a_value_that_diverged_was_tried_too_and_is_nobody_s_own(capsys):
    given = run(study(), FOUND, **TUNED)
    trials = [
        replace(trial, status="failed", reason="diverged", diverged=True)
        if trial.settings == {"optimizer": "sgd", "lr": 0.3} and trial.seed == 1
        else trial
        for trial in given.trials
    ]
    out = said(replace(given, trials=trials), capsys)
    _, own = out.split("each at its own lr")
    assert "optimizer=sgd lr=0.2" in own and "is the largest" not in own


def test_a_study_that_tunes_nothing_has_one_table(capsys):
    assert "its own" not in said(run(study(), FOUND), capsys)


def test_variants_are_compared_with_the_baseline_at_their_own_values(capsys):
    out = said(run(study(), FOUND, **TUNED, baseline={"optimizer": "adam"}), capsys)
    _, compared = out.split("Test accuracy in points, less that of")
    assert compared.startswith(" optimizer=adam lr=0.2; intervals over 2 seeds only:")
    (row,) = [line for line in compared.splitlines() if "│" in line and "optimizer=sgd" in line]
    assert "lr=0.3" in row and "+11.0" in row  # 80 against 70 %, then 84 against 72 %
    assert "One seed" not in compared


def test_without_a_baseline_the_first_variant_is_the_one_to_be_compared_with(capsys):
    out = said(run(study(), FOUND), capsys)
    assert "less that of optimizer=adam lr=0.1; intervals over 2 seeds only:" in out


def test_without_the_baseline_in_a_run_nothing_is_compared(capsys):
    without = {choice: mean for choice, mean in FOUND.items() if choice[0] == "sgd"}
    assert "less that of" not in said(
        run(study(), without, **TUNED, baseline={"optimizer": "adam"}), capsys
    )


@pytest.mark.parametrize(("mode", "chosen"), [("max", "lr=0.2"), ("min", "lr=0.1")])
def test_the_study_s_mode_decides_which_value_is_best(mode, chosen):
    given = run(study(), {k: v for k, v in FOUND.items() if k[0] == "adam"})
    own = own_variants(given.variants, "lr", "val/accuracy", mode)
    assert [variant.name for variant in own] == [f"optimizer=adam {chosen}"]


def test_neighbours_of_embeddings_are_told_in_both_geometries(capsys):
    given = run(study(), {("adam", 0.1): 0.5})
    assert "by distance and by angle" not in said(given, capsys)
    space = {"test/recall_at_1": 0.21, "test/map_at_r": 0.11}
    space |= {f"{name}_cosine": value + 0.3 for name, value in space.items()}
    trials = [replace(t, metrics={**t.metrics, **space}) for t in given.trials]
    out = said(replace(given, trials=trials), capsys)
    head, rows = out.split("by distance and by angle")[1].split("┡")
    assert head.count("Euclidean") == head.count("cosine") == 2
    row = next(line for line in rows.splitlines() if "lr=0.1" in line)
    found = [cell.split()[0] for cell in row.split("│")[3:7]]
    assert found == ["0.2100", "0.5100", "0.1100", "0.4100"]


def test_what_the_audit_found_and_the_verdicts_are_said(capsys):
    above = beats("optimizer", {"optimizer": "sgd"}, {"optimizer": "adam"})
    chosen = study(claims=[Claim(id="c", says="SGD wins.", test=above)])
    given = run(chosen, FOUND)
    broken = replace(given.trials[0], lines=[{"epoch": 1, "train/loss": float("nan")}])
    out = said(replace(given, trials=[broken, *given.trials[1:]]), capsys)
    assert out.count("⚠ optimizer=adam lr=0.1 ") == 2  # in the table, and below it
    assert "train/loss is nan in epoch 1" in out
    assert "c: NOT TESTED (declared after this run). SGD wins." in out
