"""What a run that is gone on with still lacks, and what it keeps from its beginning."""

from dataclasses import replace

import pytest

from reports.claims import Claim, beats
from runs.folder import RunFolder
from service.options import options_from
from service.plan import plan_run
from service.resume import resume_run
from service.study import Study
from trainables.protocol import Settings


class Toy(Settings):
    loss: str = "plain"
    lr: float = 0.1
    control: str = "none"

    def applies(self, name):
        return super().applies(name) and (name != "control" or self.control != "none")


def grid(*values):
    return {"grid_search": list(values)}


STUDY = Study(
    "toy", "?", print, Toy(), {"loss": {"loss": grid("plain", "other")}, "lr": {"lr": grid(1, 2)}},
    "val/loss", baseline={"loss": "plain", "lr": 0.1},
)  # fmt: skip


@pytest.fixture
def begun(tmp_path):
    """begun(options): a run that was planned and written, none of whose trials has started."""

    def begin(study=STUDY, **options):
        plan = plan_run(study, options_from(options), {})
        folder = RunFolder.create(tmp_path, "toy")
        plan.write(folder, {"dataset": {}}, "")
        return folder, lambda study=STUDY, **more: resume_run(
            study, options_from({"resume": str(folder.path), **more}), {}
        )

    return begin


def names(trials):
    return {trial.name for trial in trials}


def test_controls_can_be_asked_for_later_whatever_sweep_is_selected(begun):
    folder, resume = begun(only=["loss"])
    plan = resume(only=["loss"], controls=True)
    both = {"control=one_batch seed=0", "control=shuffled_labels seed=0"}
    assert both < names(plan.todo) and names(plan.todo) == names(plan.trials)
    plan.write(folder, {"dataset": {}}, "")
    # They stay the same trials when another sweep is added.
    later = resume(only=["lr"])
    control = {t.key for t in plan.trials if "controls" in t.sweeps}
    assert control == {t.key for t in later.trials if "controls" in t.sweeps}
    assert {t["key"] for t in folder.study["trials"]} <= {t.key for t in later.trials}


def test_a_run_is_judged_by_what_was_declared_when_it_began(begun):
    claim = Claim(id="c", says="?", counts_as="?",
                  test=beats("loss", {"loss": "other"}, {"loss": "plain"}))  # fmt: skip
    folder, resume = begun(replace(STUDY, claims=[claim]))
    declared = folder.study["claims"]
    assert [one["id"] for one in declared] == ["c"]
    changed = replace(STUDY, claims=[claim.model_copy(update={"id": "d"})])
    resume(changed, seeds=2).write(folder, {"dataset": {}}, "")
    assert folder.study["claims"] == declared and len(folder.study["trials"]) == 8
