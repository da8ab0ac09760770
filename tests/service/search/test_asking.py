"""Options of a search: what goes together, and what a run that is gone on with keeps."""

import pytest

from runs.errors import UsageError
from runs.folder import RunFolder
from service.cli import execute
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from tests.service.search.simulated import (
    Distribution,
    Integer,
    Simulation,
    Toy,
    begun,
    grid,
    study,
)

SEARCH = {"search": "optuna"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"trials": 4}, "--trials is for --search; give both."),
        ({"scheduler": "asha"}, "--scheduler is for --search; give both."),
        ({**SEARCH, "tune": 3}, "only one of them can be given."),
        ({**SEARCH, "seeds": "until-decided"}, "give --seeds N, with which"),
        ({**SEARCH, "controls": True}, "--controls belong to a comparison"),
        ({**SEARCH, "debug": True}, "--debug runs a trial that is listed beforehand"),
        ({**SEARCH, "trials": 1}, "greater than or equal to 2"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(options, says):
    with pytest.raises(UsageError, match=says):
        plan_run(study(), options_from(options), {})


def test_trials_of_one_epoch_cannot_end_early():
    of, asha = study(), options_from({**SEARCH, "scheduler": "asha"})
    with pytest.raises(UsageError, match="ends trials between epochs, and these have one"):
        plan_run(of, asha, {"epochs": [1]})
    assert plan_run(of, asha, {"epochs": [2]}).asked.scheduler == "asha"
    assert plan_run(of, options_from(SEARCH), {"epochs": [1]}).asked.scheduler == "none"


def test_how_much_is_tried_if_nothing_is_said():
    assert plan_run(study(), options_from(SEARCH), {}).left == (20, 3)
    assert plan_run(study(), options_from({**SEARCH, "smoke": True}), {}).left == (6, 1)
    more = {**SEARCH, "smoke": True, "trials": 9, "seeds": 2}
    assert plan_run(study(), options_from(more), {}).left == (9, 2)


def test_a_dry_run_tells_the_space_and_the_number_of_trials(capsys):
    assert execute(study(), options_from({**SEARCH, "dry_run": True}), {})[0] == 0
    told = capsys.readouterr().out
    assert "toy: a search of 20 trials, then 3 of the best" in told
    assert all(name in told for name in ("sweep", "loss", "margin", "lr", "0.001 to 1, log"))


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A search that has ended."""
    folder = begun(tmp_path_factory.mktemp("ended"), study(), 4)
    Simulation(study(), folder).run()
    return folder


def again(folder, **options):
    return resume_run(study(), options_from({"resume": str(folder.path), **options}), {})


def test_a_search_that_has_ended_lacks_nothing(ended):
    assert not again(ended).lacks
    assert not again(ended, trials=4, search="optuna", scheduler="asha", seeds=2).lacks


def test_more_trials_and_more_seeds_extend_it(ended):
    more = again(ended, trials=6)
    assert more.lacks and more.left == (2, 2) and more.asked.trials == 6
    assert not [spec for spec in more.trials if spec.role == "compared"]
    assert again(ended, seeds=5).lacks and again(ended, seeds=5).left == (0, 3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scheduler": "none"}, "--scheduler none contradicts the run, which has asha"),
        ({"trials": 3}, "The run tries 4 settings already; got --trials 3."),
        ({"tune": 3}, "--tune contradicts the run"),
        ({"only": ["margin"]}, "--only margin contradicts the run, which searches all sweeps"),
        ({"controls": True}, "--controls belong to a comparison"),
    ],
)
def test_what_contradicts_the_run_is_refused(ended, options, says):
    with pytest.raises(UsageError, match=says):
        again(ended, **options)


@pytest.mark.parametrize(
    "changes",
    [
        {"sweeps": {"loss": {"loss": grid("plain", "triplet")}}},
        {"tuned": {}},
        {"tuned": {"lr": Distribution(0.9, 1.0)}},
        {"tuned": {"lr": Distribution(1e-3, 1, log=True), "width": Integer(4, 9)}},
    ],
)
def test_a_study_that_has_another_space_by_now_is_refused(ended, changes):
    other = study(**changes)
    with pytest.raises(UsageError, match="another space than the study has by now"):
        resume_run(other, options_from({"resume": str(ended.path)}), {})


def test_a_sweep_that_holds_another_value_by_now_is_no_space_to_search_further(tmp_path):
    sweeps = {"loss": {"loss": grid("plain", "center")}, "wide": {"width": 4, "lr": grid(0.1, 0.2)}}
    folder = begun(tmp_path, study(sweeps=sweeps), 6)
    Simulation(study(sweeps=sweeps), folder).run()
    assert "wide" in {one.params["sweep"] for one in folder.study.suggested}
    other = study(sweeps={**sweeps, "wide": {**sweeps["wide"], "width": 6}})
    options = {"resume": str(folder.path)}
    resume_run(other, options_from({**options, "seeds": 4}), {})  # which suggests nothing
    with pytest.raises(UsageError, match="another space than the study has by now"):
        resume_run(other, options_from({**options, "trials": 7}), {})


def test_a_run_that_listed_its_trials_becomes_no_search(tmp_path):
    plan = plan_run(study(), options_from({}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, "")
    with pytest.raises(UsageError, match="--search contradicts the run"):
        again(folder, search="optuna")
    with pytest.raises(UsageError, match="--trials contradicts the run"):
        again(folder, trials=3)


def test_what_is_gone_on_with_is_what_was_listed(tmp_path):
    of = study(settings=Toy(epochs=3))
    folder = begun(tmp_path, of, 5, seeds=1)
    Simulation(of, folder).run()
    before = folder.study
    resume = options_from({"resume": str(folder.path), "trials": 7})
    plan = resume_run(study(settings=Toy(epochs=9)), resume, {})
    searched = [spec.asked for spec in plan.trials if spec.role == "search"]
    assert searched == [trial for trial in before.trials if trial.role == "search"]
    plan.write(folder, {}, "")
    Simulation(plan.study, folder).run()
    assert folder.study.suggested[: len(before.suggested)] == before.suggested
    assert {trial.settings["epochs"] for trial in folder.study.compared} == {3}
    assert folder.status() == "finished"
