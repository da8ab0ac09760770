"""A search from the shell: killed in the middle, gone on with, read by Optuna."""

import json

import optuna
import pytest

from runs.folder import RunFolder
from tests.system.commands import finish, kill_all, only_run, start, succeed, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

STUDY = "studies.q2_losses"
WORDS = ["--smoke", "--search", "optuna", "--trials", "6", "--scheduler", "asha", "--epochs", "3"]


def ended(output):
    return [*(output / "q2_losses").glob("2*/trials/*/status.json")]


def test_a_search_that_is_killed_goes_on_and_ends(tmp_path):
    output = tmp_path / "out"
    process = start(tmp_path, *WORDS, "--output", output, module=STUDY)
    wait_until(lambda: len(ended(output)) >= 2, process)
    kill_all(process)
    run = only_run(output)
    before = RunFolder(run).study
    assert before.asked.trials == 6 and before.asked.scheduler == "asha"
    status, text = finish(
        start(tmp_path, "--resume", "--scheduler", "none", "--output", output, module=STUDY)
    )
    assert (status, text.strip()) == (
        2,
        "--scheduler none contradicts the run, which has asha; start a new run for that.",
    )
    succeed(tmp_path, "--resume", "--output", output, module=STUDY)

    trials = json.loads((run / "results.json").read_text())["trials"]
    searched = [trial for trial in trials if trial["role"] == "search"]
    compared = [trial for trial in trials if trial["role"] == "compared"]
    assert len(searched) == 6 and {trial["seed"] for trial in searched} == {10_000}
    assert {trial["status"] for trial in searched} == {"finished", "pruned"}
    assert [(trial["status"], trial["seed"]) for trial in compared] == [("finished", 0)]
    best = max(
        (trial for trial in searched if trial["status"] == "finished"),
        key=lambda trial: trial["metrics"]["val/accuracy"],
    )
    assert compared[0]["settings"] == best["settings"]
    assert [trial.key for trial in before.trials] == [trial["key"] for trial in trials][
        : len(before.trials)
    ]

    study = optuna.load_study(
        study_name=None,
        storage=optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(run / "optuna.journal"))
        ),
    )
    record = RunFolder(run).study
    by_key = {trial["key"]: trial for trial in searched}
    states = {"finished": "COMPLETE", "pruned": "PRUNED"}
    for told, one in zip(study.trials, record.suggested, strict=True):
        trial = by_key[one.key]
        assert told.state.name == states[trial["status"]]
        assert told.value == trial["metrics"]["val/accuracy"]
        assert told.params == one.params
    assert not (run / "trials.jsonl").exists()
    assert "Nothing is left to do" in succeed(
        tmp_path, "--resume", "--output", output, module=STUDY
    )
