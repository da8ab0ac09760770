"""A tuned comparison from the shell: killed in the middle, gone on with, the same in the end."""

import pytest

from tests.system.commands import kill_all, only_run, start, succeed, untimed, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

STUDY = '''
import math
import time

from ray import tune

import service


class Mine(service.Settings):
    """Which bowl, and how far down it goes."""

    bowl: str = "flat"
    lr: float = 0.1
    epochs: int = 3


def train(settings, trial):
    best = -1 if settings.bowl == "flat" else -2
    first = trial.state["epoch"] + 1 if trial.state else 1
    for epoch in range(first, settings.epochs + 1):
        time.sleep(0.2)
        loss = (math.log10(settings.lr) - best) ** 2 + 1 / epoch + trial.seed % 7 / 100
        yield service.Epoch({"val/loss": loss, "test/loss": loss + 0.1}, {"epoch": epoch})


STUDY = service.Study(
    name="bowls", question="Which bowl is deeper?", trainable=train, settings=Mine(),
    sweeps={"bowl": {"bowl": tune.grid_search(["flat", "steep"])}},
    metric="val/loss", mode="min", tuned={"lr": tune.loguniform(1e-4, 1)},
)

if __name__ == "__main__":
    service.main(STUDY)
'''


def test_a_tuned_run_that_is_killed_finds_and_compares_the_same_settings(tmp_path):
    (tmp_path / "own.py").write_text(STUDY)
    words = ["--tune", "3", "--seeds", "2"]
    succeed(tmp_path, *words, "--output", "whole", file="own.py")
    output = tmp_path / "killed"
    process = start(tmp_path, *words, "--output", output, file="own.py")
    wait_until(lambda: len([*output.glob("bowls/2*/trials/*/status.json")]) >= 4, process)
    kill_all(process)
    succeed(tmp_path, "--resume", "--output", output, file="own.py")

    run, whole = only_run(output, "bowls"), only_run(tmp_path / "whole", "bowls")
    trials = untimed(run)
    assert trials == untimed(whole)
    roles = [trial["role"] for trial in trials]
    assert {role: roles.count(role) for role in roles} == {
        "search": 12,
        "default": 4,
        "compared": 4,
    }
    for final in trials:
        if final["role"] == "compared":
            bowl, seed = final["settings"]["bowl"], 10_000 + final["seed"]
            draws = [t for t in trials if (t["settings"]["bowl"], t["seed"]) == (bowl, seed)]
            assert len(draws) == 3
            best = min(draws, key=lambda one: one["metrics"]["val/loss"])
            assert final["settings"]["lr"] == best["settings"]["lr"]
    succeed(tmp_path, "--check", run, module="service.publish")
