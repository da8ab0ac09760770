"""Tuning: the same draws for all, the best on validation compared, whatever is cut or dies."""

import json
import math
from typing import Annotated

import pytest
from pydantic import Field
from ray import tune

from runs.errors import UsageError
from runs.folder import RunFolder
from service import HELD
from service.cli import execute
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from service.search.draws import SEARCH_SEED
from service.study import Study
from tests.service.search.here import Cut, run
from trainables.protocol import Diverged, Epoch, Settings, When


class Toy(Settings):
    method: str = "plain"
    lr: float = Field(0.01, gt=0)
    weight: Annotated[float, When("method", ("joined",))] = Field(1.0, gt=0)
    epochs: int = Field(2, ge=1)
    dies: str = ""
    fails: str = ""


class Newer(Toy):
    """The same settings in a later version of the trainable, and one more."""

    momentum: float = 0.9


BEST = {"plain": 0.1, "joined": 0.03}


def train(settings, trial):
    """The nearer lr lies to what suits the method, the better; the seed shifts that a little."""
    if settings.fails == settings.method:
        raise ValueError("no")
    start = trial.state["epoch"] if trial.state else 0
    off = math.log10(settings.lr / BEST[settings.method]) + 0.1 * (trial.seed % 7)
    for epoch in range(start + 1, settings.epochs + 1):
        if settings.dies == settings.method and settings.lr != 0.01:
            raise Diverged("val/score is nan")
        yield Epoch({"val/score": 1 - off**2 / 10 + epoch / 100}, {"epoch": epoch})
    yield Epoch({"test/score": 1 - off**2 / 10}, None)


def grid(*values):
    return {"grid_search": list(values)}


def study(**changes):
    given = {
        "name": "toy",
        "question": "?",
        "trainable": train,
        "settings": Toy(),
        "sweeps": {"method": {"method": grid("plain", "joined")}},
        "tuned": {"lr": tune.loguniform(1e-3, 1.0), "weight": tune.loguniform(0.1, 10)},
        "metric": "val/score",
    }
    return Study(**{**given, **changes})


def begun(tmp_path, chosen=None, values=None, **options):
    plan = plan_run(
        chosen or study(), options_from({"output": str(tmp_path), **options}), values or {}
    )
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {}, None)
    return plan, folder


def resumed(tmp_path, folder, chosen=None, **options):
    options = options_from({"resume": str(folder.path), "output": str(tmp_path), **options})
    plan = resume_run(chosen or study(), options, {})
    plan.write(folder, {}, None)
    return plan


def entries(folder):
    folder.write_results()
    told = json.loads((folder.path / "results.json").read_text())["trials"]
    return [
        {k: e[k] for k in ("key", "role", "settings", "seed", "status")}
        | {"metrics": {k: v for k, v in e["metrics"].items() if not k.startswith("time/")}}
        for e in told
    ]


def of(told, role, method, block):
    seed = SEARCH_SEED + block if role == "search" else block
    return [
        e
        for e in told
        if e["role"] == role and e["settings"]["method"] == method and e["seed"] == seed
    ]


def test_every_variant_gets_the_same_draws_and_is_compared_at_its_best(tmp_path):
    plan, folder = begun(tmp_path, tune=4, seeds=2)
    assert len(plan.trials) == 2 * 2 * (4 + 2)
    run(plan, folder)
    told = entries(folder)
    for block in (0, 1):
        draws = {m: of(told, "search", m, block) for m in BEST}
        rates = [[e["settings"]["lr"] for e in own] for own in draws.values()]
        assert rates[0] == rates[1] and len(set(rates[0])) == 4
        assert all("weight" not in e["settings"] for e in draws["plain"])
        assert len({e["settings"]["weight"] for e in draws["joined"]}) == 4
        for method, own in draws.items():
            (final,), (default,) = (
                of(told, "compared", method, block),
                of(told, "default", method, block),
            )
            best = max(own, key=lambda e: e["metrics"]["val/score"])
            assert final["settings"] == best["settings"]
            assert default["settings"]["lr"] == 0.01
    assert (
        of(told, "search", "plain", 0)[0]["settings"]
        != of(told, "search", "plain", 1)[0]["settings"]
    )


def test_only_what_is_compared_is_a_variant_and_another_reading_has_what_is_held(tmp_path):
    plan, folder = begun(tmp_path, tune=2, seeds=3)
    run(plan, folder)
    read = folder.read()
    assert [v.name for v in read.variants] == ["method=plain", "method=joined"]
    assert all(len(v.trials) == 3 and "lr" not in v.settings for v in read.variants)
    assert len(read.every) == len(plan.trials) and read.tuned
    held = read.at_defaults()
    assert [v.name for v in held.variants] == [v.name for v in read.variants]
    assert {t.settings["lr"] for v in held.variants for t in v.trials} == {0.01}


def test_a_larger_number_keeps_the_first_draws_and_supersedes_what_was_compared(tmp_path):
    plan, folder = begun(tmp_path, tune=2, seeds=2)
    run(plan, folder)
    before = entries(folder)
    more = resumed(tmp_path, folder, tune=5)
    assert len(more.todo) == 2 * 2 * (3 + 1)
    run(more, folder)
    after = {e["key"]: e for e in entries(folder)}
    for entry in before:
        role = "superseded" if entry["role"] == "compared" else entry["role"]
        assert after[entry["key"]] == entry | {"role": role}
    assert len(of([*after.values()], "compared", "plain", 0)) == 1
    assert [look.draws for look in _looks(folder)] == [2, 5]


def _looks(folder):
    from service import looks

    looks.take(folder)
    return folder.study.looks["method"]


def test_a_run_goes_on_with_the_ranges_that_it_was_tuned_over(tmp_path):
    own = [
        {"method": "plain", "lr": tune.loguniform(1e-3, 1e-1)},
        {"method": "joined", "weight": tune.loguniform(1, 10)},
    ]
    sweeps = {"method": own, "held": {"method": "joined", "lr": HELD, "epochs": grid(2, 3)}}
    chosen = study(sweeps=sweeps, tuned={"lr": tune.loguniform(1e-3, 1.0)})
    plan, folder = begun(tmp_path, chosen, tune=3, seeds=1)
    # The settings have one more by then, too, with which every draw would have another key.
    later = study(settings=Newer(), tuned={"lr": tune.loguniform(1e-2, 1e2)})
    assert {t.key for t in resumed(tmp_path, folder, later).trials} == {t.key for t in plan.trials}
    whole, _ = begun(tmp_path / "whole", chosen, tune=3, seeds=2)
    more = resumed(tmp_path, folder, later, seeds=2)
    assert {t.name for t in more.trials} == {t.name for t in whole.trials}
    assert {t.key for t in plan.trials} == {t.key for t in more.trials if t.block == 0}


def test_more_draws_are_a_look(tmp_path):
    plan, folder = begun(tmp_path, tune=2, seeds=2)
    run(plan, folder)
    (first,) = _looks(folder)
    run(resumed(tmp_path, folder, tune=3), folder)
    again, second = _looks(folder)
    assert again == first and (second.draws, second.planned) == (3, False)
    assert second.alpha < first.alpha
    assert _looks(folder) == (first, second)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_run_that_is_cut_after_any_commit_comes_to_the_same(tmp_path, slots):
    plan, folder = begun(tmp_path / "whole", tune=2, seeds=1)
    run(plan, folder)
    whole = {e["key"]: e for e in entries(folder)}
    for commits in range(1, 3 * len(whole), 3 if slots == 1 else 7):
        plan, folder = begun(tmp_path / str(commits), tune=2, seeds=1)
        with pytest.raises(Cut):
            run(plan, folder, commits, slots)
        run(resumed(tmp_path / str(commits), folder), folder, slots=slots)
        assert {e["key"]: e for e in entries(folder)} == whole


def test_a_variant_all_of_whose_draws_diverge_counts_as_dead_there(tmp_path):
    plan, folder = begun(tmp_path, study(settings=Toy(dies="joined")), tune=3, seeds=2)
    run(plan, folder)
    final = [t for t in folder.read().trials if t.settings["method"] == "joined"]
    assert len(final) == 2 and all(t.diverged and t.status == "failed" for t in final)
    assert "none of the 3 settings drawn for it finished" in final[0].reason
    assert folder.status() == "failed"
    alone = [t for t in folder.read().trials if t.settings["method"] == "plain"]
    assert all(t.finished for t in alone)


def test_crashed_draws_leave_nothing_to_compare_until_they_are_tried_again(tmp_path):
    plan, folder = begun(tmp_path, study(settings=Toy(fails="joined")), tune=2, seeds=1)
    run(plan, folder)
    (final,) = [t for t in folder.read().trials if t.settings["method"] == "joined"]
    assert final.status == "failed" and not final.diverged

    def mended(settings, trial):
        return train(settings.changed(fails=""), trial)

    options = options_from({"retry_failed": str(folder.path), "output": str(tmp_path)})
    again = resume_run(study(trainable=mended, settings=Toy(fails="joined")), options, {})
    again.write(folder, {}, None)
    run(again, folder)
    assert folder.status() == "finished"
    (final,) = [t for t in folder.read().trials if t.settings["method"] == "joined"]
    assert final.finished and final.settings["lr"] != 0.01


def test_what_a_sweep_or_an_option_sets_is_not_tuned(tmp_path):
    sweeps = {
        "method": {"method": grid("plain", "joined")},
        "lr": {"lr": grid(0.1, 0.2)},
        "weight": {"method": "joined", "weight": grid(1.0, 2.0)},
        "held": {"method": "plain", "epochs": grid(1, 3), "lr": HELD},
    }
    listed = study(sweeps=sweeps).trials(1, (), 2)
    tuned = {(s, frozenset(t.tuned)) for t in listed for s in t.sweeps}
    assert tuned == {
        ("method", frozenset({"lr"})), ("method", frozenset({"lr", "weight"})),
        ("lr", frozenset()), ("weight", frozenset({"lr"})), ("held", frozenset()),
    }  # fmt: skip
    plan, _ = begun(tmp_path, values={"lr": [0.3]}, tune=2, seeds=1)
    assert {frozenset(t.tuned) for t in plan.trials} == {frozenset(), frozenset({"weight"})}
    assert {t.settings.lr for t in plan.trials} == {0.3}
    with pytest.raises(UsageError, match="--lr fixed what there was"):
        begun(tmp_path, study(tuned={"lr": tune.loguniform(1e-3, 1)}), {"lr": [0.3]}, tune=2)


def test_a_sweep_may_have_a_range_of_its_own():
    sweeps = {"method": [
        {"method": "plain", "lr": tune.loguniform(1e-6, 1e-5)}, {"method": "joined"},
    ]}  # fmt: skip
    listed = study(sweeps=sweeps).trials(1, (), 3)
    rates = {
        m: [t.settings.lr for t in listed if t.role == "search" and t.settings.method == m]
        for m in BEST
    }
    assert all(1e-6 <= lr <= 1e-5 for lr in rates["plain"])
    assert all(1e-3 <= lr <= 1.0 for lr in rates["joined"])
    # One coordinate decides both.
    order = [sorted(own).index(lr) for own in rates.values() for lr in own]
    assert order[:3] == order[3:]


def test_a_study_may_be_tuned_unless_an_option_leaves_nothing_to_tune(tmp_path):
    always = study(tune=3, tuned={"lr": tune.loguniform(1e-3, 1)})
    assert begun(tmp_path, always)[0].asked.tune == 3
    assert begun(tmp_path, always, smoke=True)[0].asked.tune == 2
    assert begun(tmp_path, always, tune=7, smoke=True)[0].asked.tune == 7
    plan, _ = begun(tmp_path, always, {"lr": [0.1]})
    assert (plan.asked.tune, len(plan.trials)) == (0, 2 * 3)


def test_controls_are_never_tuned():
    class Controlled(Toy):
        control: str = "none"

    listed = study(settings=Controlled()).with_controls().trials(1, (), 2)
    controls = [t for t in listed if "controls" in t.sweeps]
    assert len(controls) == 2 and all(t.role == "compared" and not t.tuned for t in controls)


def test_what_draws_nothing_is_untuned_once_and_tuned_with_every_seed():
    class Machine(Toy):
        @property
        def draws(self):
            return False

    listed = study(settings=Machine()).trials(3, ("method",), 2)
    of = {role: [t for t in listed if t.role == role] for role in ("default", "compared", "search")}
    assert {t.seed for t in of["default"]} == {0} and not any(t.draws for t in of["default"])
    assert {t.seed for t in of["compared"]} == {0, 1, 2} and all(t.draws for t in of["compared"])
    assert len(of["search"]) == 2 * 2 * 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tuned": {"lrr": tune.uniform(0.1, 1)}}, "tunes 'lrr'.*did you mean lr"),
        ({"tuned": {"lr": tune.uniform(1, 0.1)}}, "no range"),
        ({"tuned": {"lr": tune.uniform(-1, 0.1)}}, "lr: .*greater than 0"),
        ({"tuned": {"lr": [0.1, 1]}}, "no distribution"),
        (
            {"sweeps": {"lr": {"lr": grid(0.1, 1)}}, "tuned": {"lr": tune.uniform(0.1, 1)}},
            "tunes lr, which no variant uses",
        ),
        ({"tune": 1}, "2 are the fewest"),
        ({"tune": 3, "tuned": {}}, "no range to draw from"),
        (
            {"sweeps": {"m": {"method": "plain", "weight": tune.uniform(1, 2)}}},
            "sets weight, which has no meaning",
        ),
    ],
)
def test_ranges_that_make_no_sense_are_refused_in_a_sentence(changes, words):
    with pytest.raises(UsageError, match=words):
        study(**changes)


def test_a_run_is_not_tuned_over_less_nor_when_it_was_not(tmp_path):
    _, folder = begun(tmp_path, tune=3, seeds=1)
    with pytest.raises(UsageError, match="has drawn 3 settings already; got --tune 2"):
        resumed(tmp_path, folder, tune=2)
    _, plain = begun(tmp_path, seeds=1)
    with pytest.raises(UsageError, match="--tune contradicts the run, which tunes nothing"):
        resumed(tmp_path, plain, tune=2)


def test_the_draws_of_a_block_depend_on_nothing_but_the_study_and_the_block():
    alone = study(sweeps={"method": {"method": "joined"}})
    both = study()

    def drawn(listed):
        return [t.settings for t in listed if t.role == "search" and t.settings.method == "joined"]

    assert drawn(alone.trials(2, (), 3)) == drawn(both.trials(2, (), 3))


def test_a_dry_run_tells_the_plan_and_its_cost_the_same_each_time(tmp_path, capsys):
    said = []
    for _ in range(2):
        options = options_from({"output": str(tmp_path), "tune": 3, "seeds": 2, "dry_run": True})
        assert execute(study(), options, {}) == (0, None)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and "20 trials" in said[0]
    cost = "takes 5 trials a seed: 3 to find settings, one with what is held, one that is compared"
    assert f"{cost}; 12 + 4 + 4 of 20." in " ".join(said[0].split())
    assert [*tmp_path.iterdir()] == []


def test_what_waits_for_its_search_cannot_be_debugged_before(tmp_path):
    plan, folder = begun(tmp_path, tune=2, seeds=1)
    final = next(spec for spec in plan.trials if spec.among)
    debug = options_from({"output": str(tmp_path), "tune": 2, "seeds": 1, "debug": True,
                          "trial": final.key})  # fmt: skip
    with pytest.raises(UsageError, match="best of 2 settings that a run has to try first"):
        execute(study(), debug, {})
    run(plan, folder)
    again = options_from({"output": str(tmp_path), "resume": str(folder.path), "debug": True,
                          "trial": final.key})  # fmt: skip
    execute(study(), again, {})
    (debugged,) = (tmp_path / "toy" / ".debug").glob("*/settings.json")
    chosen = folder.trial(final.key).record().settings
    assert json.loads(debugged.read_text())["settings"]["lr"] == chosen["lr"]
