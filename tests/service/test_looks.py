"""Which judgements of a run are looks, what they spend, and when a run goes on by itself."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from claims import Claim, OrderChanges, beats
from claims.looks import alpha_of
from runs.errors import UsageError
from runs.folder import RunFolder
from service import ending, looks, report, until_decided
from service.cli import execute
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.resume import resume_run
from service.study import Study
from trainables.protocol import Epoch, Settings

ROOT = Path(__file__).resolve().parents[2]
APART = {"plain": [0.50, 0.51, 0.52, 0.50, 0.52], "other": [0.70, 0.72, 0.71, 0.71, 0.70]}
ALIKE = {"plain": [0.50, 0.61, 0.52, 0.55, 0.51], "other": [0.60, 0.52, 0.51, 0.56, 0.50]}
NEARLY = {"plain": [0.50, 0.51, 0.52, 0.50, 0.52], "other": [0.54, 0.52, 0.56, 0.54, 0.55]}


class Toy(Settings):
    loss: str = "plain"
    lr: float = 0.1


def grid(*values):
    return {"grid_search": list(values)}


CLAIM = Claim(id="c", says="Other is better.",
              test=beats("loss", {"loss": "other"}, {"loss": "plain"}))  # fmt: skip
SWEEPS = {"loss": {"loss": grid("plain", "other")}, "lr": {"lr": grid(0.1, 1)}}
STUDY = Study("toy", "?", print, Toy(), SWEEPS, "val/accuracy", claims=[CLAIM])


def carry_out(plan, folder, values=APART, broken=()):
    """Run what a plan lacks, here.  broken: the seeds whose trials fail."""

    def train(settings, trial):
        accuracy = values[settings.loss][trial.seed] + settings.lr / 100
        yield Epoch({"val/accuracy": accuracy, "test/accuracy": accuracy}, {})

    plan.write(folder, {"dataset": {}}, None)
    for spec in plan.todo:
        files = folder.trial(spec.key)
        if spec.seed in broken:
            files.end("failed", "no such luck")
            continue
        how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
        list(run_trial(train, spec.settings, files.path, **how))


@pytest.fixture
def begun(tmp_path):
    """begun(options): (run that has ended and was judged, its plan)."""

    def begin(study=STUDY, values=APART, broken=(), **options):
        plan = plan_run(study, options_from(options), {})
        folder = RunFolder.create(tmp_path, "toy")
        carry_out(plan, folder, values, broken)
        looks.take(folder)
        return folder, plan

    return begin


def resumed(folder, study=STUDY, how="resume", **more):
    return resume_run(study, options_from({how: str(folder.path), **more}), {})


def extended(folder, values=APART, **more):
    """The run with more, judged again."""
    carry_out(resumed(folder, **more), folder, values)
    looks.take(folder)


def taken(folder):
    return {s: [(one.seeds, one.alpha) for one in own] for s, own in folder.study.looks.items()}


FIRST = (3, pytest.approx(0.04))


def test_the_first_look_of_every_sweep_and_each_extension_are_recorded(begun):
    folder, _ = begun()
    assert taken(folder) == {"loss": [FIRST], "lr": [FIRST]}
    extended(folder, seeds=4)
    extended(folder, seeds=5)
    more = [FIRST, (4, pytest.approx(0.008)), (5, pytest.approx(0.0016))]
    assert taken(folder) == {"loss": more, "lr": more}
    assert [one.planned for one in folder.study.looks["loss"]] == [True, False, False]
    assert alpha_of(folder.study, "loss") == pytest.approx(0.0016)


def test_making_the_page_again_and_resuming_are_no_looks(begun):
    folder, _ = begun()
    before = (folder.path / "study.json").read_bytes()
    report.build(folder)
    assert resumed(folder).todo == []
    ending.conclude(folder, STUDY.settings, None)
    assert (folder.path / "study.json").read_bytes() == before


def test_failed_trials_that_are_tried_again_are_no_look(begun):
    folder, _ = begun(broken=[2])
    assert taken(folder) == {"loss": [FIRST], "lr": [FIRST]}
    again = resumed(folder, how="retry_failed")
    assert {spec.seed for spec in again.todo} == {2}
    carry_out(again, folder)
    looks.take(folder)
    assert folder.status() == "finished"
    assert taken(folder) == {"loss": [FIRST], "lr": [FIRST]}


def test_while_a_trial_of_a_sweep_lacks_it_is_not_looked_at(begun, tmp_path):
    plan = plan_run(STUDY, options_from({}), {})
    folder = RunFolder.create(tmp_path, "toy")
    of_loss = [spec for spec in plan.todo if "loss" in spec.sweeps]
    carry_out(replace(plan, todo=of_loss), folder)
    looks.take(folder)
    assert taken(folder) == {"loss": [FIRST]}
    # More of a variant that it shares is not awaited.
    more = resumed(folder, only=["loss"], seeds=5)
    carry_out(replace(more, todo=[]), folder)
    plan = resumed(folder)
    assert {spec.seed for spec in plan.todo if "loss" in spec.sweeps} == {3, 4}
    carry_out(replace(plan, todo=[spec for spec in plan.todo if spec.seed < 3]), folder)
    looks.take(folder)
    assert taken(folder) == {"loss": [FIRST], "lr": [FIRST]}


def test_a_look_is_recorded_before_its_verdicts_are_shown(begun, monkeypatch):
    folder, _ = begun()
    plan = resumed(folder, seeds=4)
    carry_out(plan, folder)

    def gone(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ending, "reading", gone)
    with pytest.raises(KeyboardInterrupt):
        ending.conclude(folder, STUDY.settings, None)
    assert taken(folder)["loss"] == [FIRST, (4, pytest.approx(0.008))]


def test_what_could_have_been_looked_at_counts_when_a_run_is_extended(begun):
    """A driver that was killed, and a version that recorded no looks, left a page to read."""
    folder, _ = begun()
    carry_out(resumed(folder, seeds=4), folder)
    assert alpha_of(folder.study, "loss") == pytest.approx(0.008)
    extended(folder, seeds=5)
    assert [seeds for seeds, _ in taken(folder)["loss"]] == [3, 4, 5]

    folder, _ = begun()
    kept = json.loads((folder.path / "study.json").read_text())
    del kept["looks"], kept["asked"]["max_seeds"]
    (folder.path / "study.json").write_text(json.dumps(kept))
    assert alpha_of(folder.study, "loss") == pytest.approx(0.04)
    extended(folder, seeds=5)
    assert taken(folder)["loss"] == [FIRST, (5, pytest.approx(0.008))]


def test_kept_runs_that_recorded_no_looks_are_at_their_first():
    studies = [RunFolder(file.parent).study for file in (ROOT / "results").glob("*/*/study.json")]
    older = [study for study in studies if not study.looks]
    levels = [alpha_of(study, sweep) for study in older for sweep in study.sweeps]
    assert levels == [pytest.approx(0.04)] * len(levels)


def test_more_seeds_of_one_sweep_are_no_look_at_another(begun):
    folder, _ = begun()
    extended(folder, only=["loss"], seeds=5)
    assert taken(folder) == {"loss": [FIRST, (5, pytest.approx(0.008))], "lr": [FIRST]}
    assert alpha_of(folder.study, "lr") == pytest.approx(0.04)
    # Going on with the run adds nothing that nobody asked for; naming the sweep does.
    assert folder.status() == "finished" and resumed(folder).todo == []
    assert len(resumed(folder, only=["lr"]).todo) == 2 == len(resumed(folder, seeds=5).todo)
    extended(folder, only=["lr"])
    assert taken(folder)["lr"] == [FIRST, (5, pytest.approx(0.008))]


def test_a_sweep_that_is_added_later_has_its_own_first_look(begun):
    folder, _ = begun(only=["loss"], seeds=4)
    extended(folder, only=["lr"])
    first = [(4, pytest.approx(0.04))]
    assert taken(folder) == {"loss": first, "lr": first}


@pytest.fixture
def planned_run(begun):
    """planned_run(values, ...): (run that has had the first of its planned looks, its plan)."""

    def begin(values=APART, study=STUDY, **more):
        return begun(study, values, seeds="until-decided", **more)

    return begin


def test_a_planned_run_ends_when_its_claims_are_decided(planned_run, capsys):
    folder, plan = planned_run()
    assert (plan.asked.seeds, plan.asked.max_seeds) == (3, 12)
    assert taken(folder)["loss"] == [(3, pytest.approx(0.0125))]
    assert until_decided.further(plan, folder) is None
    assert capsys.readouterr().out == "Look 1 of 4, 3 seeds: 1 of 1 claims decided.\n"


def test_a_planned_run_goes_on_to_the_next_look(planned_run, capsys):
    folder, plan = planned_run(NEARLY, max_seeds=5)
    further = until_decided.further(plan, folder)
    said = "Look 1 of 2, 3 seeds: 0 of 1 claims decided; undecided: c.\n"
    assert capsys.readouterr().out == said
    assert {spec.seed for spec in further.todo} == {3, 4} and len(further.todo) == 6
    further.extend(folder)
    assert folder.study.asked.seeds == 5 and len(folder.study.trials) == 15
    assert folder.study.resumed == ()
    # Interrupted, it goes on with the same plan, and the last look spends the rest.
    plan = resumed(folder)
    assert plan.until == 5 and {t.key for t in plan.todo} == {t.key for t in further.todo}
    carry_out(plan, folder, NEARLY)
    looks.take(folder)
    assert taken(folder)["loss"] == [(3, pytest.approx(0.03)), (5, pytest.approx(0.02))]
    assert until_decided.further(plan, folder) is None
    assert "Look 2 of 2, 5 seeds" in capsys.readouterr().out
    assert [one.planned for one in folder.study.looks["loss"]] == [True, True]


def test_a_planned_run_whose_trials_lack_is_not_extended(planned_run, tmp_path, capsys):
    plan = plan_run(STUDY, options_from({"seeds": "until-decided"}), {})
    folder = RunFolder.create(tmp_path, "toy")
    carry_out(replace(plan, todo=plan.todo[1:]), folder, ALIKE)
    assert until_decided.further(plan, folder) is None
    assert capsys.readouterr().out == ""


def test_claims_that_seeds_cannot_decide_end_a_planned_run(planned_run, capsys):
    test = OrderChanges(sweep="loss", of={"loss": "other"}, to={"loss": "plain"})
    lost = replace(STUDY, claims=[Claim(id="d", says="?", test=test)])
    folder, plan = planned_run(ALIKE, lost)
    assert until_decided.further(plan, folder) is None
    assert "0 of 1 claims decided; not to be decided by 12 seeds: d.\n" in capsys.readouterr().out


def test_only_the_claims_of_selected_sweeps_are_waited_for(planned_run, tmp_path):
    with pytest.raises(UsageError, match="until-decided needs a claim, and sweep lr has none"):
        execute(STUDY, options_from({"seeds": "until-decided", "only": ["lr"]}), {})
    test = beats("lr", {"lr": 1.0}, {"lr": 0.1})
    both = replace(STUDY, claims=[CLAIM, Claim(id="d", says="?", test=test)])
    folder, plan = planned_run(APART, both, only=["loss"])
    assert until_decided.further(plan, folder) is None


def test_a_planned_run_is_extended_by_what_it_has_left(planned_run):
    folder, _ = planned_run(max_seeds=4)
    assert alpha_of(folder.study, "loss") == pytest.approx(0.05 * 3 / 4)
    extended(folder, seeds=5)
    assert taken(folder)["loss"][1] == (5, pytest.approx(0.8 * 0.05 / 4))
    assert folder.study.asked.max_seeds == 4 and resumed(folder).todo == []


def test_a_run_that_has_spent_all_is_not_extended(planned_run):
    folder, _ = planned_run(max_seeds=3)
    with pytest.raises(UsageError, match="have spent the 5 % of false verdicts"):
        resumed(folder, seeds=4)
    assert resumed(folder).todo == []


@pytest.mark.parametrize(
    ("began", "asked", "said"),
    [
        ({}, {"seeds": "until-decided"}, "was not planned to go on until"),
        ({}, {"max_seeds": 12}, "was not planned to go on until"),
        ({"seeds": "until-decided"}, {"max_seeds": 8}, "--max-seeds 8 contradicts the run"),
        ({"seeds": "until-decided"}, {"seeds": 2}, "has 3 seeds already; got --seeds 2"),
    ],
)
def test_a_plan_of_looks_is_made_before_the_first(begun, began, asked, said):
    folder, _ = begun(**began)
    with pytest.raises(UsageError, match=said):
        resumed(folder, **asked)


def test_going_on_keeps_the_plan_and_trying_again_adds_nothing(begun):
    folder, _ = begun(seeds="until-decided", max_seeds=8, broken=[1])
    assert resumed(folder).until == 8
    assert resumed(folder, seeds="until-decided", max_seeds=8).until == 8
    assert resumed(folder, how="retry_failed").until is None
    assert resumed(folder, seeds=4).until is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_seeds": 5}, "--max-seeds is what --seeds until-decided goes to"),
        ({"seeds": 5, "max_seeds": 5}, "--max-seeds is what --seeds until-decided goes to"),
        ({"seeds": "until-decided", "max_seeds": 2}, "max_seeds: .* greater than or equal to 3"),
        ({"seeds": "0"}, "seeds: should be at least 1, or until-decided; got '0'"),
        ({"seeds": 2.5}, "seeds: should be at least 1, or until-decided; got 2.5"),
    ],
)
def test_numbers_of_seeds_that_make_no_sense_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        plan_run(STUDY, options_from(options), {})


@pytest.mark.parametrize("small", ["smoke", "debug"])
def test_a_small_run_may_be_planned_too(small):
    plan = plan_run(STUDY, options_from({"seeds": "until-decided", small: True}), {})
    assert (plan.asked.seeds, plan.until) == (3, 12)


def test_a_dry_run_says_the_plan(begun, capsys):
    execute(STUDY, options_from({"seeds": "until-decided", "dry_run": True}), {})
    said = capsys.readouterr().out
    assert "toy: 9 trials" in said
    assert "Looks at 3, 5, 8, 12 seeds, until all is decided; at most 36 trials." in said
    folder, _ = begun(seeds="until-decided", max_seeds=8)
    execute(STUDY, options_from({"resume": str(folder.path), "dry_run": True}), {})
    said = capsys.readouterr().out
    assert "Looks at 5, 8 seeds, until all is decided; at most 15 trials." in said
