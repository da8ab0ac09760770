"""A search: rebuilt from its folder it goes on as if undisturbed, and spends what it was given."""

import json
import random
import shutil
from collections import Counter
from hashlib import sha256

import optuna
import pytest

from runs.checkpoint import Mark
from runs.folder import RunFolder
from service import ending
from service.search.suggested import Suggested
from tests.service.search.simulated import Distribution, Simulation, Toy, begun, history, study

TRIALS = 14


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = begun(tmp_path_factory.mktemp("undisturbed"), study(), TRIALS)
    Simulation(study(), folder).run()
    return folder


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_commit_it_goes_on_as_if_undisturbed(tmp_path, undisturbed, when):
    folder = begun(tmp_path, study(), TRIALS)
    simulation = Simulation(study(), folder, killed=lambda number: when)
    simulation.run()
    assert len(simulation.seen) > 2 * TRIALS
    assert history(folder) == history(undisturbed)


def test_a_search_prunes_finishes_diverges_and_answers_what_it_knows(undisturbed):
    _, ends = history(undisturbed)
    told = Counter((role, status) for role, status, *_ in ends.values())
    assert told["search", "pruned"] and told["search", "finished"] and told["search", "failed"]
    assert told["compared", "finished"] == 2


@pytest.mark.parametrize("seed", range(3))
def test_with_several_slots_it_spends_its_budget_and_repeats_nothing(tmp_path, seed):
    folder = begun(tmp_path, study(), TRIALS)
    numbers = random.Random(seed)
    cuts = {number: numbers.choice(["before", "after"]) for number in numbers.sample(range(40), 4)}
    Simulation(study(), folder, 3, cuts.get, numbers).run()
    record = folder.study
    searched = [trial for trial in record.trials if trial.role == "search"]
    assert len(searched) == TRIALS
    assert len({str(sorted(trial.settings.items())) for trial in searched}) == TRIALS
    assert all(folder.trial(trial.key).ending is not None for trial in record.trials)
    assert folder.status() == "finished"


def test_a_finite_space_is_used_up_and_told_so(tmp_path):
    of = study(tuned={})
    folder = begun(tmp_path, of, 20, scheduler="none")
    source = Simulation(of, folder).run()
    searched = [trial for trial in folder.study.trials if trial.role == "search"]
    assert (
        len(searched) == 4
    )  # plain, and triplet with three margins: one of them is in both sweeps
    assert source.notes == ["The space is used up: it has no other settings than these 4."]
    assert folder.study.asked.trials == 4
    suggested, _ = history(folder)
    Simulation(of, folder).run()
    assert history(folder)[0] == suggested


def test_a_larger_search_goes_on_and_what_was_compared_before_is_superseded(tmp_path, undisturbed):
    of = study()
    folder = begun(tmp_path, of, 3, scheduler="none")
    Simulation(of, folder).run()
    before = compared(folder)
    folder.write_study(
        folder.study.model_copy(
            update={"asked": folder.study.asked.model_copy(update={"trials": 12})}
        )
    )
    Simulation(of, folder).run()
    after = compared(folder)
    best = max(
        (folder.trial(t.key).record() for t in folder.study.trials if t.role == "search"),
        key=lambda trial: trial.metrics.get("val/accuracy", 0) * trial.finished,
    )
    assert len(after) == 2 and {trial.seed for trial in after} == {0, 1}
    assert all(folder.trial(trial.key).record().settings == best.settings for trial in after)
    roles = {trial.key: trial.role for trial in folder.study.trials}
    for trial in before:
        assert roles[trial.key] == ("compared" if trial in after else "superseded")
    assert {trial.key for trial in folder.read().trials} == {trial.key for trial in after}


def compared(folder):
    return [trial for trial in folder.study.trials if trial.role == "compared"]


def test_optuna_reads_the_journal_and_a_torn_line_in_it_does_no_harm(tmp_path, undisturbed):
    folder = tmp_path / "toy" / undisturbed.name
    shutil.copytree(undisturbed.path, folder)
    run, journal = RunFolder(folder), folder / "optuna.journal"
    told = read_by_optuna(journal)
    by_key = {trial.key: run.trial(trial.key).record() for trial in run.study.trials}
    states = {"finished": "COMPLETE", "pruned": "PRUNED"}
    for trial, one in zip(told.trials, run.study.suggested, strict=True):
        came_to = by_key[one.key]
        assert trial.params == one.params
        if came_to.diverged:
            assert trial.state.name == "PRUNED" and trial.value is None
        else:
            assert trial.state.name == states[came_to.status]
            assert trial.value == came_to.metrics["val/accuracy"]
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    Simulation(study(), run).run()
    again = read_by_optuna(journal)
    assert [(t.params, t.value, t.state) for t in again.trials] == [
        (t.params, t.value, t.state) for t in told.trials
    ]
    assert not [*folder.glob(".optuna*")]


def read_by_optuna(journal):
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    return optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend))


def test_what_ray_lost_on_its_way_is_caught_up_with(tmp_path):
    """Lines that were committed and never told count once a later one is."""
    of = study(settings=Toy(epochs=9))
    folder = begun(tmp_path, of, 6)
    source = Suggested(of, folder)
    first, second = source.next(), source.next()
    for spec, value in ((first, 0.9), (second, 0.1)):
        files = folder.trial(spec.key)
        for epoch in (1, 2):
            line = {"epoch": epoch, "timestamp": epoch, "val/accuracy": value}
            row = files.append(line)
            digest = sha256((files.place / "metrics.jsonl").read_bytes()).hexdigest()
            files.commit(Mark(lines=epoch, digest=digest, best=1), {"row": len(row)})
    line = {"epoch": 2, "timestamp": 2, "val/accuracy": 0.9}
    assert not source.told(first.key, line)
    assert source.told(second.key, {**line, "val/accuracy": 0.1})
    assert folder.trial(second.key).ending.reason.startswith("0.1 after 1 epoch; the best of 2")


def test_a_search_of_which_nothing_finished_says_so_and_is_still_concluded(tmp_path):
    of = study(tuned={"lr": Distribution(0.6, 1.0)})  # where every trial diverges
    folder = begun(tmp_path, of, 4, scheduler="none")
    source = Simulation(of, folder).run()
    assert source.notes == ["None of the 4 settings that were tried finished."]
    assert folder.status() == "failed"
    ending.conclude(folder, of.settings, None)
    told = json.loads((folder.path / "results.json").read_text())["trials"]
    assert [(trial["role"], trial["diverged"]) for trial in told] == 4 * [("search", True)]
    assert (folder.path / "report.html").is_file()
