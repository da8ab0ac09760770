"""What a run that is gone on with still lacks, and what it keeps from its beginning."""

import shutil
from dataclasses import replace
from typing import Annotated

import pytest

from claims import Claim, beats
from models import weights as weight_files
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.variants import trial_names
from service import ending
from service.cli import execute
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.reconcile import differences
from service.resume import resume_run
from service.study import Study
from trainables.backbone_settings import BackboneSettings
from trainables.protocol import Epoch, NotIdentity, Settings


class Toy(Settings):
    loss: str = "plain"
    lr: float = 0.1
    control: str = "none"
    place: Annotated[str, NotIdentity()] = "here"

    def applies(self, name):
        return super().applies(name) and (name != "control" or self.control != "none")


class Newer(Toy):
    """The same settings in a later version of the trainable, and one more."""

    momentum: float = 0.9


def train(settings, trial):
    yield Epoch({"val/loss": settings.lr + trial.seed / 10, "test/loss": settings.lr}, {})


def grid(*values):
    return {"grid_search": list(values)}


STUDY = Study(
    "toy", "?", train, Toy(), {"loss": {"loss": grid("plain", "other")}, "lr": {"lr": grid(1, 2)}},
    "val/loss", baseline={"loss": "plain", "lr": 0.1},
)  # fmt: skip
NEWER = replace(STUDY, settings=Newer())


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


def carry_out(plan, folder, inputs=None, uri=None):
    """Run what a plan lacks, here; nothing is recorded in MLflow yet."""
    plan.write(folder, inputs or {"dataset": {}}, uri)
    for spec in plan.todo:
        how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "max"}
        list(run_trial(train, spec.settings, folder.trial(spec.key).path, **how))


def ended(place, study=STUDY, inputs=None, uri=None):
    """A run of one seed whose trials have ended."""
    plan = plan_run(study, options_from({"seeds": 1}), {})
    folder = RunFolder.create(place, "toy")
    carry_out(plan, folder, inputs, uri)
    return folder


@pytest.fixture(scope="module")
def concluded(tmp_path_factory):
    folder = ended(tmp_path_factory.mktemp("concluded"))
    ending.conclude(folder, STUDY.settings, None)
    return folder


@pytest.fixture
def whole(concluded, tmp_path):
    """A run with all that it owes."""
    return RunFolder(shutil.copytree(concluded.path, tmp_path / "toy" / concluded.name))


def resumed(study, folder, values=None, **more):
    return resume_run(study, options_from({"resume": str(folder.path), **more}), values or {})


def files(folder):
    files = [file for file in folder.path.rglob("*") if file.is_file() and file.name != ".lock"]
    return {file: file.read_bytes() for file in files}


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
    assert {t.key for t in folder.study.trials} <= {t.key for t in later.trials}


def test_a_run_is_judged_by_what_was_declared_when_it_began(begun):
    claim = Claim(id="c", says="?",
                  test=beats("loss", {"loss": "other"}, {"loss": "plain"}))  # fmt: skip
    folder, resume = begun(replace(STUDY, claims=[claim]), seeds=1)
    declared = folder.study.claims
    assert [one["id"] for one in declared] == ["c"]
    changed = replace(STUDY, claims=[claim.model_copy(update={"id": "d"})])
    resume(changed, seeds=2).write(folder, {"dataset": {}}, "")
    assert folder.study.claims == declared and len(folder.study.trials) == 8
    assert folder.study.registered.claims == {"c": claim.digest}


@pytest.mark.parametrize("study", [STUDY, NEWER, replace(STUDY, settings=Newer(momentum=0.5))])
def test_a_finished_run_has_nothing_left_to_do_whatever_settings_came_since(study, whole, capsys):
    before = files(whole)
    assert execute(study, options_from({"resume": str(whole.path)}), {})[0] == 0
    assert capsys.readouterr().out == f"Nothing is left to do in {whole.path}.\n"
    assert files(whole) == before


def test_more_seeds_under_a_newer_version_extend_a_run_and_list_no_variant_twice(tmp_path):
    folder = ended(tmp_path)
    old = {trial.key: trial.seed for trial in folder.study.trials}
    kept = {key: (folder.trial(key).path / "metrics.jsonl").read_bytes() for key in old}
    plan = resumed(NEWER, folder, seeds=3)
    assert old.keys() == {t.key for t in plan.trials if t.seed == 0}
    assert {t.seed for t in plan.todo} == {1, 2} and len(plan.todo) == 2 * len(old)
    carry_out(plan, folder)
    run = folder.read()
    assert len(run.study.trials) == 3 * len(old) == len(set(trial_names(run.study).values()))
    assert len(run.variants) == len(old)
    assert all([t.seed for t in variant.finished] == [0, 1, 2] for variant in run.variants)
    for key, lines in kept.items():
        assert (folder.trial(key).path / "metrics.jsonl").read_bytes() == lines
    # Also those that came later are found again.
    assert resumed(NEWER, folder).todo == []


def test_a_run_goes_on_with_the_variants_that_it_listed_whatever_the_study_lists_by_now(begun):
    folder, resume = begun(seeds=1)
    had = names(resume().trials)
    sweeps = {"loss": {"loss": grid("plain", "third")}, "lr": {"lr": grid(7), "loss": "third"}}
    later = replace(STUDY, sweeps={**sweeps, "rate": {"lr": grid(0.1, 9)}})
    assert names(resume(later).trials) == had
    assert names(resume(later, seeds=2).trials) == had | {n.replace("=0", "=1") for n in had}
    # A sweep that is newer waits until it is named.
    more = resume(later, only=["rate"])
    assert names(more.todo) - had == {"lr=9.0 seed=0"}
    more.write(folder, {"dataset": {}}, "")
    assert names(resume(later).trials) == had | {"lr=9.0 seed=0"}


def test_a_sweep_of_one_value_keeps_its_name(tmp_path):
    plan = plan_run(STUDY, options_from({"seeds": 1, "only": ["loss"]}), {"loss": ["other"]})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {"dataset": {}}, "")
    assert names(resumed(STUDY, folder).trials) == names(plan.trials) == {"loss=other seed=0"}


def test_a_setting_that_the_code_no_longer_has_is_refused_in_a_sentence(tmp_path):
    folder = ended(tmp_path, NEWER)
    with pytest.raises(UsageError) as refused:
        resumed(STUDY, folder)
    said = str(refused.value)
    assert said.startswith(f"{folder.path} was run with momentum=0.9, a setting that this version")
    assert "\n" not in said


def test_another_place_is_no_other_setting(tmp_path):
    folder = ended(tmp_path)
    plan = resumed(STUDY, folder, {"place": ["there"]}, seeds=2)
    assert {t.settings.place for t in plan.todo} == {"there"} and {t.seed for t in plan.todo} == {1}
    with pytest.raises(
        UsageError, match=r"--loss plain contradicts the run, which has plain other"
    ):
        resumed(STUDY, folder, {"loss": ["plain"]})


class Weighted(BackboneSettings):
    lr: float = 0.1


@pytest.fixture
def weighted(tmp_path):
    """(study, run that has ended) from weights of a file."""
    file = tmp_path / "one.pth"
    file.write_bytes(b"the weights")
    sweeps = {"lr": {"lr": grid(1, 2)}}
    study = Study("toy", "?", train, Weighted(weights=str(file)), sweeps, "val/loss")
    mark = weight_files.digest(str(file), "resnet18")
    inputs = {"dataset": {}, "weights": {"name": file.name, "digest": mark}}
    return study, ended(tmp_path, study, inputs)


@pytest.mark.parametrize("before", ["still there", "gone"])
def test_weights_may_lie_elsewhere_if_they_are_the_same(weighted, tmp_path, before):
    study, folder = weighted
    moved = tmp_path / "elsewhere" / "two.pth"
    moved.parent.mkdir()
    moved.write_bytes(b"the weights")
    if before == "gone":
        (tmp_path / "one.pth").unlink()
    assert resumed(study, folder).todo == []
    plan = resumed(study, folder, {"weights": [str(moved)]}, seeds=2)
    assert {t.key for t in plan.trials if t.seed == 0} == {t.key for t in folder.study.trials}
    assert [t.seed for t in plan.todo] == [1, 1]
    assert {t.settings.weights for t in plan.todo} == {str(moved)}


def test_other_weights_contradict_also_in_the_same_place(weighted, tmp_path):
    study, folder = weighted
    other = tmp_path / "other.pth"
    other.write_bytes(b"other weights")
    with pytest.raises(UsageError, match=r"--weights .*other.pth contradicts the run, which has"):
        resumed(study, folder, {"weights": [str(other)]})
    with pytest.raises(UsageError, match="contradicts"):
        resumed(study, folder, {"weights": ["none"]})
    (tmp_path / "one.pth").write_bytes(b"other weights")
    with pytest.raises(UsageError, match="contradicts"):
        resumed(study, folder, {"weights": [str(tmp_path / "one.pth")]})


def test_what_a_finished_run_lost_is_made_again(whole, capsys):
    lost = ("results.json", "results.csv", "answer.json", "report.html")
    before = files(whole)
    for name in lost:
        (whole.path / name).unlink()
    assert execute(STUDY, options_from({"resume": str(whole.path)}), {})[0] == 0
    assert f"what is missing is made: {', '.join(lost)}." in capsys.readouterr().out
    after = files(whole)
    assert after.keys() == before.keys()
    assert [file.name for file in before if before[file] != after[file]] == []


def test_a_record_that_mlflow_lacks_is_made_again(tmp_path, capsys):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    folder = ended(tmp_path, uri=uri)
    ending.conclude(folder, STUDY.settings, None)
    capsys.readouterr()
    resume = options_from({"resume": str(folder.path)})
    assert execute(STUDY, resume, {})[0] == 0
    assert "what is missing is made: the record in MLflow." in capsys.readouterr().out
    assert differences(folder, uri) == []
    assert folder.tracked.runs.keys() == {trial.key for trial in folder.study.trials}
    assert f"/runs/{folder.tracked.parent}" in (folder.path / "report.html").read_text()
    assert execute(STUDY, resume, {})[0] == 0
    assert capsys.readouterr().out == f"Nothing is left to do in {folder.path}.\n"


def test_a_bundled_run_is_unpacked_when_trials_are_to_be_written_and_not_before(whole):
    whole.pack()
    archive = (whole.path / "trials.zip").read_bytes()
    assert execute(STUDY, options_from({"resume": str(whole.path)}), {})[0] == 0
    assert (whole.path / "trials.zip").read_bytes() == archive
    before = {trial.key: trial.metrics for trial in whole.read().trials}
    plan = resumed(STUDY, whole, seeds=2)
    assert len(plan.todo) == len(before) and whole.bundled
    carry_out(plan, whole)
    assert not whole.bundled and (whole.path / "trials").is_dir()
    assert not (whole.path / "trials.zip").exists()
    trials = whole.read().trials
    assert whole.status() == "finished" and len(trials) == 2 * len(before)
    assert before == {t.key: t.metrics for t in trials if t.seed == 0}


def test_a_bundled_run_whose_archive_is_damaged_is_not_gone_on_with(whole):
    whole.pack()
    file = whole.path / "trials.zip"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UsageError, match=r"trials\.zip cannot be read"):
        resumed(STUDY, whole, seeds=2)
    assert file.exists() and not (whole.path / "trials").exists()
