"""What every study keeps, found by listing studies/: a new file is checked without being named.

It is checked for what it declares: it needs neither claims nor an answer. The eight that answer the
assignment need more, and are named.
"""

import ast
import importlib
import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest

from claims.evidence import select
from claims.verdicts import judge
from reports.answer_words import Words
from reports.reading import reading
from runs.record import StudyRecord, TrialRecord
from runs.run import Run
from service.execution import run_trial
from service.study import Study
from service.study_checks import TIMED
from studies import NAMES
from trainables.protocol import measured_by

FOLDER = Path(__file__).resolve().parents[2] / "studies"
ASSIGNMENT = {
    "q1_finetune": {"q1.layer_converges", "q1.kind_of_layer"},
    "q1_svm": {"q1.scaling", "q1.head_beats_svm"},
    "q2_losses": {"q2.overfit", "q2.alpha", "q2.center_lr", "q2.metric_losses"},
    "q3_adam_variants": {"q3.adam"},
    "q3_batch_size": {"q3.batch_size"},
    "q3_betas": {"q3.beta1", "q3.beta2"},
    "q3_optimizers": {"q3.vanilla_sgd"},
    "q3_shuffling": {"q3.shuffling"},
}
"""The studies of the assignment, and the claims that each must test."""


def load(name: str) -> Study:
    return importlib.import_module(f"studies.{name}").STUDY


@pytest.fixture(params=NAMES)
def study(request):
    return load(request.param)


@pytest.fixture(params=ASSIGNMENT)
def assigned(request):
    return load(request.param)


# Of the studies of the assignment.


@pytest.mark.parametrize("name", ASSIGNMENT)
def test_the_assignment_has_its_claims_and_an_answer_beside_the_study(name):
    study = load(name)
    assert {claim.id for claim in study.claims} == ASSIGNMENT[name]
    assert study.answer == FOLDER / f"{name}.md" and study.paragraphs


@pytest.mark.parametrize("name", ASSIGNMENT)
def test_a_file_says_what_it_asks_and_how_it_is_run_and_holds_no_code(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    about = ast.get_docstring(tree)
    assert f"python -m studies.{name}" in about
    assert all(word in about for word in ("Held:", "Varied:"))
    code = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While)
    assert not [node for node in ast.walk(tree) if isinstance(node, code)]


def test_every_setting_is_described_in_a_line(assigned: Study):
    for name, field in type(assigned.settings).model_fields.items():
        assert field.description and "\n" not in field.description, name


def test_the_question_says_what_ran(assigned: Study):
    assert assigned.settings.dataset in assigned.asks()
    assert "digits" in assigned.smaller().asks()


def test_all_other_variants_have_one_to_be_compared_with(assigned: Study):
    """One variant of the study has the baseline's settings."""
    kept = [trial.settings.canonical() for trial in assigned.trials()]
    base = [s for s in kept if all(s.get(k) == v for k, v in assigned.baseline.items())]
    assert assigned.baseline and all(settings == base[0] for settings in base)


def test_every_loss_is_tuned_at_a_learning_rate_of_its_own_and_its_weight():
    own = {settings.loss: {*ranges} for settings, ranges in load("q2_losses").tunable("loss")}
    assert own == {
        "cross_entropy": {"lr"},
        "center": {"lr", "alpha"},
        "triplet": {"lr", "triplet_weight"},
    }


def test_the_margin_is_swept_over_all_triplets_of_a_batch():
    assert {s.mining for s in load("q2_losses").choices("margin")} == {"batch_all"}


def test_batch_sizes_are_compared_at_equal_epochs_and_at_equal_steps():
    by_epochs, by_steps = (load("q3_batch_size").choices(s) for s in ("batch_size", "steps"))
    assert {s.budget for s in by_epochs} == {"epochs"} and {s.budget for s in by_steps} == {"steps"}
    assert [s.batch_size for s in by_epochs] == [s.batch_size for s in by_steps]


# Of every study in the folder.


def test_a_study_bears_the_name_of_its_file():
    assert [load(name).name for name in NAMES] == NAMES


def test_trials_are_a_finite_list_of_distinct_keys_that_two_listings_share(study: Study):
    trials = study.trials(seeds=3)
    assert len({trial.key for trial in trials}) == len(trials) == 3 * len(study.trials())
    assert [t.key for t in study.trials(seeds=3)] == [t.key for t in trials]
    assert len({t.name for t in trials}) == len(trials)


def test_settings_survive_json(study: Study):
    for trial in study.trials():
        again = type(trial.settings).model_validate(json.loads(trial.settings.model_dump_json()))
        assert again == trial.settings


def test_every_setting_that_varies_shows_in_the_names_of_its_trials(study: Study):
    for sweep in study.sweeps:
        for trial in study.trials(only=[sweep]):
            for name in study.varied(sweep):
                assert f"{name}={getattr(trial.settings, name)}" in trial.name


def test_the_ends_of_every_sweep_run_small_and_report_what_decides(study: Study, tmp_path):
    small = study.smaller()
    if "data_dir" in small.setting_names:
        small = small.overridden({"data_dir": [str(tmp_path / "data")]})
    ends = {t.key: t for sweep in small.sweeps for t in small.trials(only=[sweep])}
    for trial in ends.values():
        lines = list(
            run_trial(
                small.trainable,
                trial.settings,
                tmp_path / trial.key,
                seed=trial.seed,
                threads=1,
                gpus=0,
                metric=small.metric,
                mode=small.mode,
            )
        )
        assert small.metric in lines[0]
        if study.name in ASSIGNMENT:
            names = {name for line in lines for name in line if "/" in name}
            said = (*measured_by(small.trainable), *TIMED)
            assert not [n for n in names if not any(fnmatchcase(n, one) for one in said)]
            last = {"train_clean/accuracy", "test/accuracy", "test/accuracy_at_best"}
            assert last <= set(lines[-1])
            assert (tmp_path / trial.key / "predictions.npz").exists()


def test_every_claim_is_about_variants_that_the_study_has(study: Study):
    run = pretended(study, seeds=3)
    for claim in study.claims:
        for part in claim.test.simple:
            for chosen in part.selections():
                assert len(select(run, part.sweep, chosen).trained) == 3
        if not claim.test.OVER_RUNS:  # needs several data sets
            assert judge(claim, [run]).status != "not tested"


def test_options_may_leave_claims_without_their_variants(study: Study):
    """One value of what a sweep varies is a run like any other: its claims are not tested."""
    for sweep in study.sweeps:
        for name in study.varied(sweep):
            value = study.trials(only=[sweep])[0].settings.canonical().get(name)
            if value is not None and name != "lr":
                few = study.overridden({name: [value]}, only=[sweep])
                assert few.claims == study.claims and few.trials(only=[sweep])


@pytest.fixture
def trusting(monkeypatch):
    """What an answer says of its own accord need not hold of numbers drawn at random."""
    monkeypatch.setattr(Words, "holds", lambda self, true, sentence: "")


def test_a_variant_that_diverged_leaves_its_sweep_unanswered(study: Study, trusting):
    whole = pretended(study, seeds=3)
    sweep = next(iter(study.sweeps))
    lost = next(t.settings for t in reversed(whole.trials) if sweep in t.sweeps)
    gone = {"status": "failed", "reason": "diverged: train/loss is nan", "diverged": True}
    trials = [replace(t, **gone) if t.settings == lost else t for t in whole.trials]
    read = reading(replace(whole, trials=trials))
    assert not read.refused
    if study.paragraphs:
        first, *others = read.answer.paragraphs or [""]
        told = [text for text in (first, *others) if text and not text.startswith("⚠")]
        assert len(told) + len(read.answer.unanswered) == len(study.paragraphs)


def test_a_whole_run_fills_in_the_answer(study: Study, trusting):
    read = reading(pretended(study, seeds=3))
    assert not read.refused
    paragraphs = read.answer.paragraphs
    assert len(paragraphs) == (len(study.paragraphs) or 1)  # without its own, a plain one
    for text in paragraphs:
        assert "{" not in text and "nan" not in text and "  " not in text
        assert any(f" {digit}" in text for digit in "0123456789")


def pretended(study: Study, seeds: int) -> Run:
    """A run of all trials with numbers drawn at random, as if they had been measured."""
    random = np.random.default_rng(0)
    trials, specs = [], study.trials(seeds)
    said = json.dumps(study.judged_by())  # whatever claims and answer read
    metrics = dict.fromkeys([study.metric, "test/accuracy", *re.findall(r"\b[a-z_]+/[\w]+", said)])
    for spec in specs:
        settings = spec.settings.canonical()
        lines = [
            {"epoch": e, **{name: float(random.uniform(0.1, 1)) for name in metrics}}
            for e in range(1, 13)
        ]
        last = {name: lines[-1][name] for name in metrics}
        trials.append(
            TrialRecord(spec.key, spec.seed, spec.sweeps, settings, "finished", None, False,
                        len(lines), last, 1.0, lines, Path("nowhere"))
        )  # fmt: skip
    about = StudyRecord(
        study=study.name, run="now", metric=study.metric, mode=study.mode,
        inputs={"dataset": {"name": "pretended"}},
        sweeps={sweep: study.varied(sweep) for sweep in study.sweeps},
        trials=[spec.asked for spec in specs], **study.judged_by(),
    )  # fmt: skip
    return Run(Path("nowhere"), about, trials)
