"""What a search found has a name that says all that was chosen."""

from runs.record import TrialAsked
from runs.searched import called, named
from runs.variants import trial_names

TRIED = [({"x": "a", "lr": 0.1}, [0.2, 0.5]), ({"x": "b", "lr": 0.01, "beta": 0.3}, [0.4, 0.6])]


def test_the_best_is_called_by_what_was_listed_and_by_what_was_drawn(searched_run):
    run = searched_run(TRIED, fresh=[0.55, 0.57])
    (variant,) = run.variants
    assert variant.name == variant.label("s") == "x=b lr=0.01 beta=0.3"
    assert run.name(run.trials[1]) == "x=b lr=0.01 beta=0.3 seed=1"
    assert not run.tuned
    assert trial_names(run.study)["f0"] == "x=b lr=0.01 beta=0.3 seed=0"
    assert trial_names(run.study)["t0"] == "x=a lr=0.1 seed=10000"


def test_a_run_that_searched_nothing_is_as_it_was(tuned_run):
    run = tuned_run({"a": [[(0.1, 0.5)]]})
    assert called(run) is run and named(run.study) is run.study


def test_what_is_compared_without_a_known_search_keeps_what_it_has(searched_run):
    record = searched_run(TRIED, fresh=[0.5]).study
    lost = TrialAsked(key="z", seed=0, sweeps=("s",), settings={"x": "c"}, among=("gone",))
    told = named(record.of([*record.trials, lost]))
    assert told.trials[-1] == lost


def test_what_another_sweep_varies_is_told_where_it_is_not_what_is_held(searched_run):
    tried = [({"loss": "b", "x": "a", "size": 1, "lr": 0.1}, [0.5])]
    run = searched_run(
        tried,
        fresh=[0.5],
        sweeps={"s": ("x",), "loss": ("loss",), "size": ("size",)},
        settings={"loss": "c", "x": "a", "size": 1},
    )
    assert run.variants[0].name == "loss=b x=a lr=0.1"
