"""Weights as people have them: each loads, and what was renamed or left out is said."""

import pytest
import torch
from torch import nn

from models.backbones import build, named

NETWORKS = ("resnet18", "efficientnet_lite0")
PREFIXES = (
    "module.",
    "model.",
    "net.",
    "_orig_mod.",
    "module.encoder_q.",
    "backbone.",
    "module.backbone.",
    "_orig_mod.module.",
    "trainer.student.",  # whatever a class calls its network
)
HEADS = {
    "none": {},
    "another size": {"fc.weight": (7, 0), "fc.bias": (7,)},
    "two layers": {"fc.0.weight": (64, 0), "fc.0.bias": (64,), "fc.2.weight": (9, 64)},
    "of other features": {"fc.weight": (10, 64), "fc.bias": (10,)},
    "without bias": {"fc.weight": (10, 0)},
    "another name": {"classifier.weight": (10, 0), "classifier.bias": (10,)},
}
"""{key: shape} of heads, 0 for the network's features."""


@pytest.fixture(scope="module", params=NETWORKS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def whole(name):
    """A network of ten classes as it was trained."""
    return build(name, 10, seed=1)[0].state_dict()


@pytest.fixture(scope="module")
def fresh(name):
    """The same network as seed 2 draws it."""
    return build(name, 10, seed=2)[0].state_dict()


def body(state):
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def same(model, state):
    own = model.state_dict()
    return all(torch.equal(own[key], value) for key, value in state.items())


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_is_taken_off_and_said(name, whole, prefix):
    found, said = named(name, {prefix + key: value for key, value in whole.items()})
    model, left_out = build(name, 10, weights=found)
    assert same(model, whole) and left_out == {}
    (sentence,) = said
    assert f"begin with '{prefix}'" in sentence and sentence.endswith(".")


def test_without_a_prefix_nothing_is_said(name, whole):
    assert named(name, whole)[1] == []
    assert named(name, whole)[0].keys() == whole.keys()


@pytest.mark.parametrize("prefix", ["", "backbone."])
@pytest.mark.parametrize("kind", HEADS)
def test_a_backbone_loads_whatever_its_head_is(name, whole, fresh, kind, prefix):
    dim = whole["fc.weight"].shape[1]
    head = {key: torch.ones([n or dim for n in shape]) for key, shape in HEADS[kind].items()}
    weights = {prefix + key: value for key, value in {**body(whole), **head}.items()}
    found, said = named(name, weights)
    model, left_out = build(name, 10, weights=found, seed=2)
    assert same(model, body(whole))
    assert same(model, {key: fresh[key] for key in ("fc.weight", "fc.bias")})
    if kind == "another size":
        assert left_out == {"fc": "fc was left out: the weights have 7 classes, the model has 10."}
    else:
        assert left_out == {"fc": "fc starts fresh: the weights have no head that fits."}
    said = [sentence for sentence in said if "begin with" not in sentence]
    dropped = [prefix + key for key in head] if kind not in ("none", "another size") else []
    assert len(said) == bool(dropped)
    assert all(key in said[0] for key in dropped)


@pytest.mark.parametrize("head", ["head.weight", "heads.0.weight", "module.fc2.weight"])
def test_a_head_beside_the_prefix_is_left_out_and_named(name, whole, head):
    weights = {f"backbone.{key}": value for key, value in body(whole).items()}
    found, said = named(name, {**weights, head: torch.ones(10, 4)})
    assert found.keys() == body(whole).keys()
    assert f"Of the weights {head} were left out" in said[1]


def test_the_query_encoder_of_moco_is_taken_and_the_rest_said(name, whole):
    other = build(name, 10, seed=3)[0].state_dict()
    weights = {f"module.encoder_k.{key}": value for key, value in other.items()}
    weights |= {f"module.encoder_q.{key}": value for key, value in whole.items()}
    weights["module.queue"] = torch.ones(128, 64)
    found, said = named(name, weights)
    assert same(build(name, 10, weights=found)[0], whole)
    assert "begin with 'module.encoder_q.'" in said[0]
    assert f"and {len(other) + 1 - 3} more were left out" in said[1]


def test_two_networks_of_which_none_is_known_to_be_meant_are_refused(name, whole):
    weights = {
        f"{of}.{key}": value for of in ("student", "teacher") for key, value in whole.items()
    }
    with pytest.raises(ValueError, match=r"several networks, .* 'student\.' and 'teacher\.'; save"):
        named(name, weights)


def test_published_names_with_a_prefix_load(whole, name):
    if name != "efficientnet_lite0":
        pytest.skip("only its names have underscores")
    weights = {}
    for key, value in whole.items():
        *places, last = key.split(".")
        parts = [place if place.isdigit() else f"_{place}" for place in places]
        weights[".".join(["_orig_mod", "module", *parts, last])] = value
    found, said = named(name, weights)
    assert same(build(name, 10, weights=found)[0], whole)
    assert len(said) == 1 and "'_orig_mod.module.'" in said[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layer1.2.conv1.weight": (64, 64, 3, 3)}, "layer1.2.conv1.weight is unexpected"),
        ({"layer4.1.bn2.weight": (3,)}, r"layer4.1.bn2.weight has shape \(3,\)"),
        ({"layer4.1.bn2.weight": None}, "layer4.1.bn2.weight is missing"),
        ({"conv1.weight": None}, "conv1.weight is missing"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "model."])
def test_weights_of_another_network_are_still_refused(changes, said, prefix):
    """A ResNet-34 has all that a ResNet-18 has, and more in its layers: that is no other head."""
    state = build("resnet18", 10)[0].state_dict()
    for key, shape in changes.items():
        if shape is None:
            del state[key]
        else:
            state[key] = torch.ones(shape)
    found, _ = named("resnet18", {prefix + key: value for key, value in state.items()})
    with pytest.raises(ValueError, match=f"do not fit resnet18: {said}"):
        build("resnet18", 10, weights=found)


def test_resnet34_is_no_resnet18_with_another_head():
    found, _ = named("resnet18", build("resnet34", 10)[0].state_dict())
    with pytest.raises(ValueError, match=r"do not fit resnet18: layer"):
        build("resnet18", 10, weights=found)


def test_a_strange_module_has_nothing_to_take():
    state = nn.Linear(3, 3).state_dict()
    found, said = named("resnet18", state)
    assert found.keys() == state.keys() and said == []
