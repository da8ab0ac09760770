"""What the author of a study gets wrong is said in one sentence, not in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import Field

import service
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.study import Study
from trainables.protocol import Epoch, Settings

ROOT = Path(__file__).resolve().parents[2]


class Forest(Settings):
    trees: int = Field(10, ge=1, description="how many")
    depth: int = Field(3, ge=1, description="at most")


def good(settings, trial):
    yield Epoch({"val/accuracy": 0.5}, {"done": True})


def grid(*values):
    return {"grid_search": list(values)}


def forest(**changes):
    given = {
        "trainable": good,
        "settings": Forest(),
        "sweeps": {"trees": {"trees": grid(1, 10)}},
        "metric": "val/accuracy",
        **changes,
    }
    return Study("forest", "Do more trees help?", **given)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tres": 3}, "There is no setting 'tres'; did you mean trees?"),
        ({"trees": 0}, "trees: input should be greater than or equal to 1; got 0."),
        ({"trees": "many"}, "trees: input should be a valid integer"),
    ],
)
def test_a_constructor_refuses_settings_in_a_sentence(values, said):
    with pytest.raises(service.UsageError) as refused:
        Forest(**values)
    assert str(refused.value).startswith(said) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": Forest}, "must be a value, such as Settings(epochs=3); got the class Forest"),
        ({"settings": {"trees": 3}}, "must be a value"),
        ({"trainable": "good"}, "must be a function of settings and trial; got 'good'"),
        (
            {"sweeps": {"trees": {"trees": [1, 3]}}},
            "Sweep trees gives trees the list [1, 3]; write tune.grid_search([1, 3])",
        ),
        ({"baseline": {"trees": 7}}, "The baseline of study forest, trees=7, is no variant's"),
        (
            {
                "baseline": {"trees": 1},
                "sweeps": {"both": {"trees": grid(1, 10), "depth": grid(2, 3)}},
            },
            "trees=1, is that of 2 variants; say which depth it has",
        ),
    ],
)
def test_a_study_is_refused_in_a_sentence(changes, said):
    with pytest.raises(service.UsageError) as refused:
        forest(**changes)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def returns(settings, trial):
    return {"val/accuracy": 0.5}


def returns_nothing(settings, trial):
    return None


def yields_nothing(settings, trial):
    yield from ()


def yields_a_dict(settings, trial):
    yield {"val/accuracy": 0.5}


def another_name(settings, trial):
    yield Epoch({"val/acuracy": 0.5}, {"done": True})


def never_in_an_epoch(settings, trial):
    yield Epoch({"test/accuracy": 0.5}, None)


@pytest.mark.parametrize(
    ("trainable", "said"),
    [
        (returns, "The trainable returns must yield an Epoch after every epoch; it returned dict."),
        (returns_nothing, "it returned NoneType."),
        (yields_nothing, "The trainable yielded no Epoch, so that nothing was measured."),
        (yields_a_dict, "must yield Epoch(metrics, state); it yielded a dict."),
        (another_name, "measure the study's metric, val/accuracy; did you mean val/acuracy?"),
        (never_in_an_epoch, "No epoch measured the study's metric, val/accuracy; did you mean"),
    ],
)
def test_a_trial_says_what_its_trainable_does_not_do(trainable, said, tmp_path):
    lines = run_trial(
        trainable, Forest(), tmp_path, seed=0, threads=1, gpus=0, metric="val/accuracy", mode="max"
    )
    with pytest.raises((TypeError, ValueError)) as refused:
        list(lines)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "status.json").exists()


def test_one_sweep_needs_no_list(tmp_path, capsys):
    two = forest(sweeps={name: {name: grid(1, 5)} for name in ("trees", "depth")})
    assert service.run(two, only="trees", output=tmp_path, dry_run=True) == {}
    listed = capsys.readouterr().out
    assert "trees=5 seed=2" in listed and "depth=1" not in listed
    with pytest.raises(service.UsageError, match="no sweep 'tree'; did you mean trees"):
        service.run(forest(), only="tree", output=tmp_path, dry_run=True)


def python(place, *words):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=place, env=env, capture_output=True, text=True
    )


def test_a_file_that_declares_a_study_wrongly_ends_with_a_sentence_and_its_line(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import service\n"
        "from trainables.protocol import Settings\n\n\n"
        "class Forest(Settings):\n"
        "    trees: int = 10\n\n\n"
        "Forest(tres=3)\n"
    )
    done = python(tmp_path, "mine.py")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "mine.py, line 9: There is no setting 'tres'; did you mean trees?\n"
    )
    assert done.stderr.count("\n") == 1


def test_a_study_of_ones_own_is_one_short_file(tmp_path):
    example = ROOT / "examples" / "random_forest.py"
    assert len(example.read_text().splitlines()) <= 45
    done = python(tmp_path, str(example), "--debug", "--n-estimators", "3")
    assert done.returncode == 0, done.stderr
    assert "epoch 1: val/accuracy 0." in done.stdout


def test_a_trial_that_left_no_state_begins_anew(tmp_path):
    def plain(settings, trial):
        for value in (0.1, 0.2):
            yield Epoch({"val/accuracy": value})

    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    first = run_trial(plain, Forest(), tmp_path, **how)
    assert next(first)["epoch"] == 1
    first.close()
    lines = list(run_trial(plain, Forest(), tmp_path, **how))
    assert [(line["epoch"], line["val/accuracy"]) for line in lines] == [(1, 0.1), (2, 0.2)]
    assert [line["epoch"] for line in TrialFolder(tmp_path).lines] == [1, 2]


def test_an_error_that_is_no_wrong_usage_keeps_its_traceback(tmp_path):
    (tmp_path / "mine.py").write_text("import service\n1 / 0\n")
    done = python(tmp_path, "mine.py")
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


def test_the_list_of_studies_has_no_options(tmp_path):
    done = python(tmp_path, "-m", "studies", "--nosuch")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no option --nosuch;") and done.stderr.count("\n") == 1


def test_one_broken_file_does_not_hide_the_other_studies(tmp_path):
    """A copy of the folder, as an author has it beside the packages."""
    for name in ("__init__.py", "__main__.py", "q3_betas.py", "q3_betas.md"):
        target = tmp_path / "studies" / name
        target.parent.mkdir(exist_ok=True)
        target.write_text((ROOT / "studies" / name).read_text())
    (tmp_path / "studies" / "broken.py").write_text("import no_such_package\n")
    done = python(tmp_path, "-m", "studies")
    assert done.returncode == 1
    assert done.stderr == (
        "studies/broken.py cannot be read: ModuleNotFoundError: No module named 'no_such_package'\n"
    )
    assert "Do Adam's beta1 and beta2 matter" in " ".join(done.stdout.split())
