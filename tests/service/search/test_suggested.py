"""A search: rebuilt from its folder it goes on as if undisturbed, and spends what it was given."""

import random
from collections import Counter

import pytest

from tests.service.search.simulated import Simulation, begun, history, study

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
