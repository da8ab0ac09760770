"""What every study keeps, found by listing studies/: a new file is checked without being named."""

import ast
import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claims import OrderChanges, Trend
from claims.evidence import select
from claims.verdicts import judge
from reports.reading import reading
from runs.record import Run, StudyRecord, TrialRecord
from service.execution import run_trial
from service.study import Study
from studies import NAMES

FOLDER = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture(params=NAMES)
def study(request):
    return importlib.import_module(f"studies.{request.param}").STUDY


def test_a_study_bears_the_name_of_its_file():
    assert [importlib.import_module(f"studies.{name}").STUDY.name for name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_it_asks_and_how_it_is_run_and_holds_no_code(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    about = ast.get_docstring(tree)
    assert f"python -m studies.{name}" in about
    assert all(word in about for word in ("Held:", "Varied:"))
    code = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While)
    assert not [node for node in ast.walk(tree) if isinstance(node, code)]


def test_trials_are_a_finite_list_of_distinct_keys_that_two_listings_share(study: Study):
    trials = study.trials(seeds=3)
    assert len({trial.key for trial in trials}) == len(trials) == 3 * len(study.trials())
    assert [t.key for t in study.trials(seeds=3)] == [t.key for t in trials]
    assert len({t.name for t in trials}) == len(trials)


def test_settings_survive_json_and_every_field_is_described(study: Study):
    for trial in study.trials():
        again = type(trial.settings).model_validate(json.loads(trial.settings.model_dump_json()))
        assert again == trial.settings
    for name, field in type(study.settings).model_fields.items():
        assert field.description and "\n" not in field.description, name


def test_every_setting_that_varies_shows_in_the_names_of_its_trials(study: Study):
    for sweep in study.sweeps:
        for trial in study.trials(only=[sweep]):
            for name in study.varied(sweep):
                assert f"{name}={getattr(trial.settings, name)}" in trial.name


def test_all_other_variants_have_one_to_be_compared_with(study: Study):
    """One variant of the study, but for what each tunes, has the baseline's settings."""
    kept = [trial.settings.canonical() for trial in study.trials()]
    found = [s for s in kept if all(s.get(k) == v for k, v in study.baseline.items())]
    for settings in found:
        settings.pop(study.tune_each or "", None)
    assert study.baseline and all(settings == found[0] for settings in found)


def test_the_ends_of_every_sweep_run_small_and_report_what_decides(study: Study, tmp_path):
    small = study.smaller().overridden({"data_dir": [str(tmp_path / "data")]})
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
        assert {"test/accuracy", "test/accuracy_at_best"} <= set(lines[-1])
        splits = {"train", "val", "test", "test_before", "test_curve", "time", "updates"}
        assert {name.partition("/")[0] for line in lines for name in line if "/" in name} <= splits
        assert (tmp_path / trial.key / "predictions.npz").exists()


def test_every_claim_is_about_variants_that_the_study_has(study: Study):
    assert study.claims and len({claim.id for claim in study.claims}) == len(study.claims)
    run = pretended(study, seeds=3)
    for claim in study.claims:
        for part in claim.test.simple:
            if isinstance(part, Trend):
                values = {t.settings[part.over] for t in run.trials if part.sweep in t.sweeps}
                assert len(values) >= 3 and set(part.among) <= values
            else:
                for chosen in (part.of, getattr(part, "to", part.of)):
                    assert len(select(run, part.sweep, chosen)) == 3
        if not isinstance(claim.test, OrderChanges):  # needs several data sets
            assert judge(claim, [run]).status != "not tested"


def test_options_may_leave_claims_without_their_variants(study: Study):
    """One value of what a sweep varies is a run like any other: its claims are not tested."""
    for sweep in study.sweeps:
        for name in study.varied(sweep):
            value = study.trials(only=[sweep])[0].settings.canonical().get(name)
            if value is not None and name != "lr":
                few = study.overridden({name: [value]}, only=[sweep])
                assert few.claims == study.claims and few.trials(only=[sweep])


def test_a_variant_that_diverged_leaves_its_sweep_unanswered(study: Study):
    whole = pretended(study, seeds=3)
    sweep = next(iter(study.answer))
    lost = next(t.settings for t in reversed(whole.trials) if sweep in t.sweeps)
    gone = {"status": "failed", "reason": "diverged: train/loss is nan", "diverged": True}
    trials = [replace(t, **gone) if t.settings == lost else t for t in whole.trials]
    found = reading(replace(whole, trials=trials))
    assert not found.refused
    assert len(found.answer.paragraphs) + len(found.answer.unanswered) == len(study.answer)


def test_a_whole_run_fills_in_the_answer(study: Study):
    found = reading(pretended(study, seeds=3))
    assert not found.refused
    paragraphs = found.answer.paragraphs
    assert len(paragraphs) == len(study.answer) >= 1
    for text in paragraphs:
        assert "{" not in text and "nan" not in text and "  " not in text
        assert any(f" {digit}" in text for digit in "0123456789")


def pretended(study: Study, seeds: int) -> Run:
    """A run of all trials with numbers drawn at random, as if they had been measured."""
    random = np.random.default_rng(0)
    trials, specs = [], study.trials(seeds)
    for spec in specs:
        settings = spec.settings.canonical()
        lines = [
            {"epoch": e, **{name: float(random.uniform(0.1, 1)) for name in METRICS}}
            for e in range(1, 7)
        ]
        # The one thing that an answer says of its own accord.
        lines[-1]["updates/update_cosine"] = settings.get("beta1", 0.5)
        last = {name: lines[-1][name] for name in METRICS}
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


METRICS = (
    *(f"{split}/{name}" for split in ("train", "val", "test", "test_curve", "test_before")
      for name in ("accuracy", "loss", "cross_entropy")),
    "time/train_seconds", "test/recall_at_1", "test/intra_inter_ratio", "updates/update_cosine",
)  # fmt: skip
