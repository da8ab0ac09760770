"""A run that looks at planned numbers of seeds, through Ray, from Python."""

import random

import pytest

import service
from claims import Claim, beats
from runs.folder import RunFolder
from service.reconcile import differences
from service.study import Study
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    loss: str = "plain"
    ahead: float = 0.2


def train(settings, trial):
    accuracy = 0.5 + random.Random(f"{settings.loss} {trial.seed}").gauss(0, 0.01)
    accuracy += settings.ahead if settings.loss == "other" else 0
    yield Epoch({"val/accuracy": accuracy, "test/accuracy": accuracy}, {})


SWEEP = {"loss": {"grid_search": ["plain", "other"]}}
STUDY = Study(
    "toy", "Is other better?", train, Toy(), {"loss": SWEEP}, "val/accuracy",
    claims=[Claim(id="c", says="?", test=beats("loss", {"loss": "other"}, {"loss": "plain"}))],
)  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(options): (seeds of its trials, its folder)."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def run(**options):
        results = service.run(STUDY, output=tmp_path, seeds="until-decided", **options)
        (path,) = (tmp_path / "toy").glob("2*")
        return sorted({trial["seed"] for trial in results["trials"]}), RunFolder(path)

    return run


def test_it_stops_at_the_look_that_decides_its_claims(run, capsys):
    seeds, folder = run()
    assert seeds == [0, 1, 2]
    assert "Look 1 of 4, 3 seeds: 1 of 1 claims decided.\n" in capsys.readouterr().out
    (look,) = folder.study.looks["loss"]
    assert (look.seeds, look.alpha, look.planned) == (3, pytest.approx(0.0125), True)


def test_it_goes_on_to_the_most_seeds_where_nothing_decides_them(run, tmp_path, capsys):
    seeds, folder = run(ahead=0.025, max_seeds=5)
    assert seeds == [0, 1, 2, 3, 4]
    said = capsys.readouterr().out
    assert "Look 1 of 2, 3 seeds: 0 of 1 claims decided; undecided: c.\n4 trials" in said
    assert said.index("Look 1 of 2") < said.index("Look 2 of 2, 5 seeds")
    looks = folder.study.looks["loss"]
    assert [(one.seeds, one.alpha) for one in looks] == [
        (3, pytest.approx(0.03)), (5, pytest.approx(0.02)),
    ]  # fmt: skip
    assert folder.study.asked.seeds == 5 and folder.status() == "finished"
    assert differences(folder, folder.study.tracking_uri) == []
    assert folder.tracked.complete and (folder.path / "report.html").exists()


def test_it_gives_up_what_more_seeds_would_hardly_decide(run, capsys):
    seeds, folder = run(ahead=0.0, max_seeds=5)
    assert seeds == [0, 1, 2] and folder.status() == "finished"
    said = "Look 1 of 2, 3 seeds: 0 of 1 claims decided; not to be decided by 5 seeds: c."
    assert said in capsys.readouterr().out
