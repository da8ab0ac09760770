"""A ResNet cut into stages: the parts give what the whole gives."""

import pytest
import torch

from models import backbones, resnet, stages

X = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("resnet18", "stock"),
        ("resnet18", "small"),
        ("resnet50", "stock"),
        ("efficientnet_lite0", "stock"),
    ],
)
@torch.no_grad()
def test_the_stages_one_after_another_are_the_network(name, stem):
    model = backbones.build(name, 7, stem=stem)[0].eval()
    whole = model(X)
    assert torch.equal(stages.forward(model, X, stages.STAGES), whole)
    for cut in range(len(stages.STAGES)):
        begun = stages.forward(model, X, stages.STAGES[:cut])
        assert torch.equal(stages.forward(model, begun, stages.STAGES[cut:]), whole)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["fc.*"], ("stem", "layer1", "layer2", "layer3", "layer4", "avgpool")),
        (["layer4.*", "fc.*"], ("stem", "layer1", "layer2", "layer3")),
        (["layer1.1.bn2.*"], ("stem",)),
        (["bn1.*"], ()),
        (["*"], ()),
    ],
)
def test_frozen_stages_end_before_the_first_trainable_parameter(patterns, expected):
    model = resnet.build("resnet18", 7)[0]
    resnet.set_trainable(model, patterns)
    assert stages.frozen(model) == expected


@pytest.mark.parametrize("last", stages.STAGES)
@torch.no_grad()
def test_shapes_are_known_without_computing(last):
    model = resnet.build("resnet18", 7)[0].eval()
    begun = stages.forward(model, X, stages.STAGES[: stages.STAGES.index(last) + 1])
    assert stages.shape("resnet18", "stock", 32, last, 7) == tuple(begun.shape[1:])


def test_multiply_adds_of_resnet50_are_the_published_ones():
    counted = stages.multiply_adds("resnet50", "stock", 224)
    assert sum(counted.values()) == pytest.approx(4.09e9, rel=0.01)  # torchvision's model card
    assert counted["layer4"] == pytest.approx(0.81e9, rel=0.01)
