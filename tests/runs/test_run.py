"""A tuned run, and the same at what is held."""

DRAWN = {x: [[(0.1, 0.5), (0.2, 0.6)], [(0.1, 0.7), (0.2, 0.6)]] for x in "ab"}


def test_at_defaults_the_untuned_trials_are_compared_and_no_other(tuned_run):
    run = tuned_run(DRAWN, {x: [0.3, 0.4] for x in "ab"})
    assert run.tuned and len(run.study.compared) == len(run.trials) == 4
    held = run.at_defaults()
    assert [one.metrics["val/accuracy"] for one in held.trials] == [0.3, 0.4] * 2
    assert {one.key for one in held.study.compared} == {one.key for one in held.trials}
    assert [one.name for one in held.variants] == [one.name for one in run.variants]
    assert held.others == [] and run.at_defaults() is held
    assert len(run.study.compared) == 4 and len(run.others) == 12


def test_what_no_variant_tunes_is_the_same_at_defaults(made_run, made_trial):
    run = made_run([made_trial({"x": x}, metrics={"val/accuracy": 0.5}) for x in "ab"])
    assert not run.tuned and run.at_defaults().trials == run.trials
