"""What trains on EfficientNet-Lite0: the same as on a ResNet, and what it cannot take is said."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from images.batches import normalize
from models import backbones
from models.embedding_net import EmbeddingNet
from models.weights import load_state_dict
from runs.artifacts import Confusion, Predictions
from service.execution import run_trial
from trainables import embedding, feature_classifier, finetune
from trainables.features import extraction

NAME = "efficientnet_lite0"
SMALL = {"model": NAME, "image_size": 32, "weights": "none", "val_fraction": 0.25}


def picture(draw, label):
    """32 px of one colour, lighter or darker."""
    colour = {"blue": (40, 60, 200), "red": (200, 60, 40)}[label]
    return np.full((32, 32, 3), colour + draw.integers(-9, 10), np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder: pictures of two classes, and weights of seven whose batch-norms saw some."""
    folder, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    pictures = []
    for part, amount in {"train": 16, "test": 8}.items():
        for label in ("blue", "red"):
            place = folder / "pictures" / part / label
            place.mkdir(parents=True)
            for number in range(amount):
                pictures.append(picture(draw, label))
                Image.fromarray(pictures[-1]).save(place / f"{number}.png")
    model = backbones.build(NAME, 7, seed=5)[0].train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over all that it sees
    with torch.no_grad():
        model(normalize(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()))
    state = {f"module._{key}": value for key, value in model.state_dict().items()}
    save_file(state, folder / "w.safetensors")
    return folder


def settings(module, data, **changes):
    where = {"dataset": f"folder:{data / 'pictures'}", "data_dir": str(data)}
    return module.Settings(**{**SMALL, **where, **changes})


def run(module, chosen, folder):
    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return list(run_trial(module.train, chosen, folder, **how))


@pytest.mark.parametrize("unfreeze", ["nothing", "layer4"])
def test_the_kept_beginning_changes_no_loss(data, tmp_path, unfreeze, numbers):
    how = {"weights": str(data / "w.safetensors"), "unfreeze": unfreeze, "epochs": 1}
    prefix = settings(finetune, data, **how).prefix()
    assert prefix[-1] == {"nothing": "avgpool", "layer4": "layer3"}[unfreeze]
    for cache in ("float32", "off"):
        run(finetune, settings(finetune, data, prefix_cache=cache, **how), tmp_path / cache)
    kept, whole = numbers(tmp_path / "float32"), numbers(tmp_path / "off")
    for name in ("train/loss", "val/loss", "train/trainable_parameters"):
        assert kept[0][name] == pytest.approx(whole[0][name], rel=1e-4)
    assert kept[0]["train/prefix_difference"] < 1e-5


def test_only_the_named_part_moves(data, tmp_path):
    how = {"weights": str(data / "w.safetensors"), "unfreeze": "layer2", "keep_weights": True}
    chosen = settings(finetune, data, epochs=1, **how)
    run(finetune, chosen, tmp_path)
    before = extraction.untouched(chosen, 0).state_dict()
    after, said = backbones.named(NAME, load_state_dict(tmp_path / "weights.safetensors"))
    assert said == []  # --weights takes what --keep-weights leaves
    moved = {
        k for k, v in after.items() if v.shape != before[k].shape or not torch.equal(v, before[k])
    }
    assert {".".join(key.split(".")[:2]) for key in moved} == {
        "blocks.3", "blocks.4", "fc.weight", "fc.bias",
    }  # fmt: skip
    assert Confusion.load(tmp_path, before=True).counts.sum() == len(chosen.load(0).test)


def test_an_embedding_trial_leaves_weights_that_give_its_logits(data, tmp_path):
    chosen = settings(embedding, data, epochs=1, batches="shuffled", keep_weights=True)
    run(embedding, chosen, tmp_path)
    state = load_state_dict(tmp_path / "weights.safetensors")
    model, left_out = backbones.build(NAME, 2, weights=state)
    assert left_out == {}
    logits = model.eval()(normalize(torch.from_numpy(chosen.load(0).test.pixels)))
    said = Predictions.load(tmp_path)
    np.testing.assert_array_equal(logits.argmax(1), said.prediction)
    assert EmbeddingNet(model, 2, 0).dim == 1280


@pytest.mark.parametrize("layer", ["fc", "avgpool"])
def test_a_machine_is_trained_on_its_features(data, tmp_path, layer):
    how = {"weights": str(data / "w.safetensors"), "layer": layer, "kernel": "linear"}
    last = run(feature_classifier, settings(feature_classifier, data, **how), tmp_path)[-1]
    assert last["test/accuracy"] > 0.8


def test_where_weights_come_from_and_what_was_renamed_is_recorded_and_said(data):
    chosen = settings(feature_classifier, data, weights=str(data / "w.safetensors"))
    inputs = chosen.prepare()
    assert inputs["weights"]["outputs"] == 7 and inputs["weights"]["left_out"] == []
    (said,) = chosen.notes(inputs)
    assert said == "The names of the weights begin with 'module.', which was taken off."
    inputs["weights"] |= {
        "package": "some-weights 0.2.0", "licence": "Apache-2.0", "origin": "converted from theirs",
        "digest": "aaaaaaaa", "expected": "bbbbbbbb",
    }  # fmt: skip
    origin, other, _ = chosen.notes(inputs)
    assert origin == (
        "The ImageNet weights of efficientnet_lite0 come with some-weights 0.2.0 (Apache-2.0), "
        "converted from theirs."
    )
    assert "digest is aaaaaaaa instead of bbbbbbbb" in other


@pytest.mark.parametrize("model", ["resnet18", NAME])
def test_a_backbone_without_a_head_has_features_and_no_outputs(data, tmp_path, model):
    state = backbones.build(model, 10)[0].state_dict()
    file = tmp_path / "w.safetensors"
    save_file({k: v for k, v in state.items() if not k.startswith("fc.")}, file)
    how = {"model": model, "weights": str(file)}
    inputs = settings(feature_classifier, data, **how).prepare()
    assert inputs["weights"]["outputs"] == 0
    with pytest.raises(ValueError, match=r"^layer=fc needs weights that have a head, .*\.$"):
        settings(feature_classifier, data, layer="fc", **how).prepare()
    chosen = settings(finetune, data, **how)
    assert any("no ImageNet head" in note for note in chosen.notes(chosen.prepare()))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image_size": 31}, "image_size must be at least 32 for efficientnet_lite0; got 31."),
        ({"stem": "small"}, "stem=small is for ResNets; give efficientnet_lite0 small images"),
    ],
)
def test_what_the_network_cannot_take_is_refused_before_anything_runs(data, changes, said):
    with pytest.raises(ValueError) as refused:
        settings(finetune, data, **changes).check()
    assert str(refused.value).startswith(said)
    settings(finetune, data, model="resnet18", **changes).check()


def test_a_part_that_it_lacks_is_refused_before_anything_runs(data):
    with pytest.raises(
        ValueError, match=r"^efficientnet_lite0 has no part that is called downsamp"
    ):
        settings(finetune, data, unfreeze="downsample").check()
    settings(finetune, data, unfreeze="batch_norms").check()


def test_features_belong_to_their_network(data):
    one, other = (settings(finetune, data, model=m) for m in (NAME, "resnet18"))
    entries = {
        str(
            extraction.store(
                s, s.load(0), extraction.untouched(s, 0), "avgpool", 0, "float32"
            ).entry
        )
        for s in (one, other)
    }
    assert len(entries) == 2
    assert np.isfinite([s.cost() for s in (one, other)]).all()
