"""What every trainable keeps, whatever it trains: its end, its test curves, and what it names.

Test is made to be the train images here, so that one number says what the other must be.
"""

from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import pytest

from runs import artifacts
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.study_checks import TIMED
from trainables import cnn, embedding, feature_classifier, finetune
from trainables.image_settings import ImageSettings
from trainables.protocol import Epoch, measured_by, measures

SMALL = {"image_size": 16, "images_per_class": 9, "weights": "none", "epochs": 2, "augment": "flip"}
KINDS = {
    "cnn": (cnn, {"width": 4, "batch_size": 16, "lr": 0.01}),
    "embedding": (embedding, {"loss": "center", "samples_per_class": 4}),
    "finetune": (finetune, {"augment": "none", "batch_size": 16}),
    "head": (feature_classifier, {"classifier": "head"}),
    "machine": (feature_classifier, {"classifier": "svm"}),
}
# Left out where noise hides the gradient, and where a loss has no triplets.
SOMETIMES = {"updates/noise_scale", "train/active_triplets"}


def trial(kind, data, folder, trainable=None, curves=True):
    module, changes = KINDS[kind]
    given = {**SMALL, "test_curves": curves, "data_dir": str(data), **changes}
    settings = module.Settings(
        **{k: v for k, v in given.items() if k in module.Settings.model_fields}
    )
    # The first epoch has the highest loss: the best is never the last, where there are two.
    metric = "val/accuracy" if kind == "machine" else "train/loss"
    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": metric, "mode": "max"}
    return run_trial(trainable or module.train, settings, folder, **how)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """whole(kind): the folder of an undisturbed trial, run once."""
    made = {}
    place = tmp_path_factory.mktemp("whole")

    def run(kind):
        if kind not in made:
            made[kind] = place / kind
            list(trial(kind, place / "data", made[kind]))
        return made[kind]

    return run


@pytest.fixture(scope="module", autouse=True)
def test_is_train():
    load = ImageSettings.load

    def both(self, seed, progress=None):
        splits = load(self, seed, progress)
        return replace(splits, test=splits.train)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageSettings, "load", both)
        yield


def measured(folder):
    lines = TrialFolder(folder).lines
    return [
        {k: v for k, v in line.items() if "/" in k and not k.startswith("time/")} for line in lines
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_clean_train_accuracy_is_that_of_the_last_epoch_on_images_as_they_are(whole, kind):
    *epochs, last = measured(whole(kind))
    assert last["train_clean/accuracy"] == last["test/accuracy"]
    assert not any("train_clean/accuracy" in line for line in epochs)
    if kind in ("cnn", "finetune", "head"):  # these learn so much that it shows
        assert last["train_clean/accuracy"] != last["test/accuracy_at_best"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "machine"])
def test_a_test_curve_says_of_every_epoch_which_images_are_right(whole, kind):
    *epochs, _ = measured(whole(kind))
    curve = artifacts.HitCurve.load(whole(kind))
    assert curve.right.mean(1).tolist() == [line["test_curve/accuracy"] for line in epochs]
    said = artifacts.Predictions.load(whole(kind))
    np.testing.assert_array_equal(curve.label, said.label)
    np.testing.assert_array_equal(curve.right[-1], said.prediction == said.label)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_that_is_killed_before_each_commit_leaves_what_an_undisturbed_one_does(
    whole, kind, tmp_path
):
    module, _ = KINDS[kind]

    class Killed(Exception):
        pass

    def dies_later(settings, handle):
        """Commits once, and dies when the next commit is due."""
        epochs = module.train(settings, handle)
        yield next(epochs)
        for _ in epochs:
            raise Killed

    data, ended = whole(kind).parent / "data", False
    while not ended:
        try:
            list(trial(kind, data, tmp_path, dies_later))
            ended = True
        except Killed:
            pass
    assert measured(tmp_path) == measured(whole(kind))
    files = {file.name for file in whole(kind).glob("*.npz")}
    assert files == {file.name for file in tmp_path.glob("*.npz")}
    assert all((whole(kind) / n).read_bytes() == (tmp_path / n).read_bytes() for n in files)


def test_without_test_curves_all_else_is_the_same_and_asked_for_too_late_there_is_none(
    whole, tmp_path
):
    data = whole("cnn").parent / "data"
    without = trial("cnn", data, tmp_path, curves=False)
    next(without)
    without.close()
    list(trial("cnn", data, tmp_path))  # the first epoch has passed unmeasured
    both = measured(whole("cnn")), measured(tmp_path)
    assert [len(own.keys() - other.keys()) for own, other in zip(*both, strict=True)] == [2, 0, 0]
    for own, other in zip(*both, strict=True):
        assert other.items() <= own.items()
    assert not (tmp_path / artifacts.HitCurve.FILE).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_measured_that_a_trainable_does_not_name(whole, kind):
    names = {name for line in TrialFolder(whole(kind)).lines for name in line if "/" in name}
    said = (*measured_by(KINDS[kind][0].train), *TIMED)
    assert not [n for n in names if not any(fnmatchcase(n, one) for one in said)]


@pytest.mark.parametrize(
    "module", [cnn, embedding, feature_classifier, finetune], ids=lambda module: module.__name__
)
def test_nothing_is_named_that_a_trainable_does_not_measure(whole, module):
    kinds = [kind for kind, (own, _) in KINDS.items() if own is module]
    names = {name for kind in kinds for line in TrialFolder(whole(kind)).lines for name in line}
    never = [o for o in measured_by(module.train) if not any(fnmatchcase(n, o) for n in names)]
    assert set(never) <= SOMETIMES


def test_a_trainable_of_ones_own_names_nothing_unless_it_wants_to():
    def train(settings, trial):
        yield Epoch({"val/loss": 0.0})

    assert measured_by(train) == ()
    assert measured_by(measures("val/loss")(train)) == ("val/loss",)
