"""Fine-tuning: a kept beginning changes nothing, only what is named moves; before and after."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

import metrics
from images.batches import normalize, shuffled_batches, to_device
from models import resnet
from models.heads import head
from models.imagenet_classes import STL10
from models.weights import load_state_dict
from runs.artifacts import Confusion
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables import finetune
from trainables.features import extraction
from trainables.finetune import PARTS, Settings
from trainables.training.randomness import derive, generator
from trainables.training.schedule import one_cycle

SMALL = {
    "image_size": 16,
    "images_per_class": 8,
    "epochs": 2,
    "batch_size": 32,
    "model": "resnet18",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A data folder with weights of seven classes in it."""
    folder = tmp_path_factory.mktemp("data")
    save_file(resnet.build("resnet18", 7, seed=5)[0].state_dict(), folder / "seven.safetensors")
    return folder


def settings(place, **changes):
    weights = str(place / "seven.safetensors")
    return Settings(**{**SMALL, "data_dir": str(place), "weights": weights, **changes})


def run(chosen, folder, seed=0, trainable=finetune.train):
    how = {"seed": seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return run_trial(trainable, chosen, folder, **how)


@pytest.mark.parametrize("unfreeze", ["layer4", "batch_norms"])
def test_a_trial_equals_a_loop_by_hand(place, tmp_path, unfreeze):
    """The plain loop: the whole network every step, gradients switched off where it is frozen."""
    chosen = settings(place, unfreeze=unfreeze, epochs=2)
    losses = [line["train/loss"] for line in run(chosen, tmp_path) if "train/loss" in line]

    train = chosen.load(0).train
    images = to_device(train, "cpu")
    model = extraction.untouched(chosen, 0)
    model.fc = head("linear", 512, 10, derive(0, 0, "head"))
    for parameter in model.parameters():
        parameter.requires_grad = False
    trained = [
        parameter
        for name, parameter in model.named_parameters()
        if (name.startswith("layer4.") if unfreeze == "layer4" else "bn" in name)
        or (unfreeze == "batch_norms" and "downsample.1" in name)
    ]
    for parameter in [*trained, *model.fc.parameters()]:
        parameter.requires_grad = True
    groups = [{"params": list(model.fc.parameters())}, {"params": trained}]
    sgd = torch.optim.SGD(groups, 0.02, 0.9, weight_decay=5e-4, nesterov=True)
    for epoch in (1, 2):
        model.eval()
        if unfreeze == "layer4":
            model.layer4.train()
        else:
            model.train()
        total, seen = 0.0, 0
        batches = shuffled_batches(len(train), 32, generator(0, epoch, "order"))
        for i, index in enumerate(batches):
            rate = one_cycle((epoch - 1 + i / len(batches)) / 2)
            sgd.param_groups[0]["lr"], sgd.param_groups[1]["lr"] = 0.02 * rate, 0.005 * rate
            pixels, labels = images.batch(index)
            loss = cross_entropy(model(normalize(pixels)), labels)
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            total, seen = total + len(labels) * loss.item(), seen + len(labels)
        assert losses[epoch - 1] == pytest.approx(total / seen, rel=1e-4)


@pytest.mark.parametrize("unfreeze", ["nothing", "layer4", "layer3.1.*", "layer3"])
def test_the_kept_beginning_changes_no_loss(place, tmp_path, unfreeze, numbers):
    assert settings(place, unfreeze=unfreeze).prefix()  # else there is nothing to compare
    for cache in ("float32", "off"):
        list(run(settings(place, unfreeze=unfreeze, prefix_cache=cache), tmp_path / cache))
    kept, whole = numbers(tmp_path / "float32"), numbers(tmp_path / "off")
    assert kept[0]["train/loss"] == pytest.approx(whole[0]["train/loss"], rel=1e-4)
    assert kept[0]["val/loss"] == pytest.approx(whole[0]["val/loss"], rel=1e-3)
    assert kept[0]["train/prefix_difference"] < 1e-5
    assert "train/prefix_difference" not in whole[0]


def test_half_precision_is_near_and_says_how_near(place, tmp_path, numbers):
    for cache in ("float32", "float16"):
        list(run(settings(place, unfreeze="layer4", prefix_cache=cache), tmp_path / cache))
    exact, half = numbers(tmp_path / "float32")[0], numbers(tmp_path / "float16")[0]
    assert 1e-5 < half["train/prefix_difference"] < 1e-3
    assert half["train/loss"] == pytest.approx(exact["train/loss"], rel=1e-2)


def test_what_forbids_a_kept_beginning(place):
    assert settings(place).prefix()[-1] == "avgpool"
    assert settings(place, unfreeze="layer4").prefix()[-1] == "layer3"
    for changes in (
        {"augment": "flip"},
        {"frozen_batchnorm": "train"},
        {"prefix_cache": "off"},
        {"unfreeze": "everything"},
        {"unfreeze": "batch_norms"},
        {"unfreeze": "layer1"},  # the stem alone is not worth its disk
    ):
        assert settings(place, **changes).prefix() == ()


@pytest.mark.parametrize("unfreeze", PARTS)
def test_only_what_is_named_moves_and_its_size_is_logged(place, tmp_path, unfreeze):
    chosen = settings(place, unfreeze=unfreeze, epochs=1, keep_weights=True)
    line, _ = run(chosen, tmp_path / "trial")
    before = load_state_dict(place / "seven.safetensors")
    after = load_state_dict(tmp_path / "trial" / "weights.safetensors")
    net = resnet.build("resnet18", 10)[0]
    count = resnet.set_trainable(net, chosen.trained)
    assert line["train/trainable_parameters"] == count
    for name, parameter in net.named_parameters():
        if not name.startswith("fc."):
            assert torch.equal(before[name], after[name]) != parameter.requires_grad, name
    for name in before:
        if name.endswith("running_mean"):
            moved = not torch.equal(before[name], after[name])
            weight = dict(net.named_parameters())[name.replace("running_mean", "weight")]
            assert moved == weight.requires_grad, name


@pytest.mark.parametrize("changes", [{"unfreeze": "layer4"}, {"unfreeze": "convolutions"}], ids=str)
def test_a_trial_cut_after_an_epoch_goes_on_to_the_same_numbers(place, changes, same_when_cut):
    chosen = settings(place, head="hidden", test_curves=True, **changes)
    lines = same_when_cut(lambda folder: run(chosen, folder))
    assert "test_curve/accuracy" in lines[0]


def test_kept_weights_predict_as_the_best_epoch_did(place, tmp_path):
    chosen = settings(place, unfreeze="layer4", keep_weights=True)
    last = list(run(chosen, tmp_path))[-1]
    net, left_out = resnet.build(
        "resnet18", 10, weights=load_state_dict(tmp_path / "weights.safetensors")
    )
    test = chosen.load(0).test
    with torch.no_grad():
        logits = net.eval()(normalize(torch.from_numpy(test.pixels)))
    accuracy = metrics.accuracy(test.labels, logits.argmax(1).numpy())
    assert left_out == {} and accuracy == pytest.approx(last["test/accuracy_at_best"], abs=0.005)


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """A folder of five of STL-10's classes, ImageNet-shaped weights beside it."""
    from PIL import Image

    folder, random = tmp_path_factory.mktemp("animals"), np.random.default_rng(0)
    for part, count in {"train": 6, "test": 4}.items():
        for name in STL10[:5]:
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    save_file(resnet.build("resnet18", 1000, seed=1)[0].state_dict(), folder / "w.safetensors")
    return folder


def test_before_training_imagenets_own_classifier_answers(animals, tmp_path):
    chosen = Settings(
        dataset=f"folder:{animals}", data_dir=str(tmp_path), image_size=32, model="resnet18",
        weights=str(animals / "w.safetensors"), epochs=1, batch_size=8,
    )  # fmt: skip
    last = list(run(chosen, tmp_path / "trial"))[-1]
    before = Confusion.load(tmp_path / "trial", before=True)
    counts = before.counts
    assert before.columns == (*STL10[:5], "other") and before.classes == tuple(STL10[:5])
    assert counts.shape == (5, 6) and (counts.sum(1) == 4).all()
    assert counts[:, STL10.index("deer")].sum() == 0  # ImageNet has none
    assert last["test_before/accuracy"] == np.trace(counts) / counts.sum()
    assert last["test_before/accuracy_deer"] == 0

    test, model = chosen.load(0).test, extraction.untouched(chosen, 0)
    with torch.no_grad():
        top = model(normalize(torch.from_numpy(test.pixels))).argmax(1).numpy()
    from models.imagenet_classes import to_classes

    expected = metrics.confusion_matrix(test.labels, to_classes(STL10[:5])[top], 6)[:-1]
    np.testing.assert_array_equal(counts, expected)
    (note,) = chosen.notes(chosen.prepare())
    assert note == "The 1,000 outputs of the weights are taken to be ImageNet's."


def test_weights_without_such_a_head_start_from_an_untrained_one_and_say_so(place, tmp_path):
    chosen = settings(place)
    notes = chosen.notes(chosen.prepare())
    assert any("no ImageNet head for these classes (7 outputs)" in note for note in notes)
    list(run(chosen, tmp_path))
    counts = Confusion.load(tmp_path, before=True).counts
    assert counts.shape == (10, 11) and counts[:, 10].sum() == 0


def test_the_saving_is_said_as_predicted_and_as_measured(place, tmp_path):
    chosen = settings(place, unfreeze="layer4")
    list(run(chosen, tmp_path))
    line = {k: v for line in TrialFolder(tmp_path).lines for k, v in line.items() if "/" in k}
    trial = {"variant": "unfreeze=layer4", "settings": chosen.canonical(), "metrics": line}
    without = {"variant": "unfreeze=everything", "settings": {}, "metrics": {}}
    (remark,) = chosen.remarks([trial, without])
    assert remark.startswith("unfreeze=layer4: epochs start after layer3")
    assert "times as measured (n=1)" in remark


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unfreeze": "layr4"}, "No parameter of the model matches 'layr4'; did you mean 'layer4"),
        ({"unfreeze": "layer4,conv9.*"}, "matches 'conv9"),
    ],
)
def test_names_that_match_nothing_are_refused_before_anything_runs(place, changes, said):
    with pytest.raises(ValueError, match=said):
        settings(place, **changes).check()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unfreeze": "layer4,,layer3"}, "names with commas"),
        ({"head": "hidden", "keep_weights": True}, "keep_weights needs head=linear"),
        ({"prefix_cache": "bfloat16"}, "prefix_cache"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Settings(**changes)


def test_a_disk_too_small_is_said_before_anything_is_kept(place, tmp_path, monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    chosen = settings(place, unfreeze="layer4", data_dir=str(tmp_path))
    chosen.load(0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1e6, 1e6, 1e3))
    with pytest.raises(ValueError, match=r"features resnet18-layer3-16 need .* MB of disk"):
        chosen.prepare()
    assert not list((tmp_path / "cache").glob("resnet18-*/"))


def test_weights_of_another_architecture_are_refused(place):
    with pytest.raises(ValueError, match="do not fit resnet50"):
        settings(place, model="resnet50").prepare()


def test_with_patience_it_ends_when_nothing_is_gained_with_the_best_network(place, tmp_path):
    chosen = settings(place, epochs=60, patience=2, lr=0.3)
    lines = list(run(chosen, tmp_path / "whole"))
    losses = [line["val/loss"] for line in lines[:-1]]
    assert 5 <= len(losses) < 60
    assert min(losses) not in losses[-2:]  # the last epochs gained nothing
    last = lines[-1]
    assert last["test/accuracy"] == last["test/accuracy_at_best"]
    files = TrialFolder(tmp_path / "whole")
    assert files.ending.status == "finished"
    # Cut before its last epoch and gone on with, it ends where it did.
    trial = run(chosen, tmp_path / "cut")
    for _ in range(len(losses) - 1):
        next(trial)
    trial.close()
    again = list(run(chosen, tmp_path / "cut"))
    assert [line["epoch"] for line in again] == [len(losses), len(losses)]
    assert again[-1]["test/accuracy"] == last["test/accuracy"]


def test_a_head_that_is_trained_until_it_no_longer_gains_is_logistic_regression(place, tmp_path):
    """On the same features: within one point of what scikit-learn finds, its penalty tuned.

    Features of weights that nobody trained are badly conditioned: that takes much patience.
    """
    from sklearn.linear_model import LogisticRegression

    chosen = settings(
        place,
        images_per_class=90,
        val_fraction=0.3,
        epochs=300,
        patience=20,
        lr=0.05,
        image_size=32,
    )
    *_, last = run(chosen, tmp_path)
    splits = chosen.load(0)
    model = extraction.untouched(chosen, 0)
    parts = splits.by_name.values()
    train, val, test = extraction.pooled(chosen, splits, model, *parts, seed=0, device="cpu")
    machines = [
        LogisticRegression(C=penalty, max_iter=5000).fit(train, splits.train.labels)
        for penalty in (0.1, 1, 10)
    ]
    theirs = max(machines, key=lambda machine: machine.score(val, splits.val.labels))
    accuracy = theirs.score(test, splits.test.labels)
    assert last["test/accuracy"] == pytest.approx(accuracy, abs=0.01)
    assert accuracy > 0.5
