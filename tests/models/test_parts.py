"""Names for parts of a network."""

import pytest

from models import resnet
from models.parts import PARTS, patterns
from models.stages import skeleton


def chosen(model, name):
    resnet.set_trainable(model, patterns(name, "resnet18"))
    return {n for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_parts_are_what_they_are_called(name):
    from torch import nn

    model = skeleton(name, "stock", 10)
    kinds = {
        "convolutions": nn.Conv2d,
        "batch_norms": nn.BatchNorm2d,
    }
    for part, kind in kinds.items():
        wanted = {
            f"{place}.{parameter}"
            for place, module in model.named_modules()
            if isinstance(module, kind)
            for parameter, _ in module.named_parameters()
        }
        assert chosen(model, part) == wanted
    everything = {n for n, _ in model.named_parameters()}
    assert chosen(model, "everything") == everything
    assert chosen(model, "downsample") == {n for n in everything if ".downsample." in n}
    assert chosen(model, "layer3") == {n for n in everything if n.startswith("layer3.")}
    # Convolutions, batch-norms and the head are all there is.
    whole = chosen(model, "convolutions") | chosen(model, "batch_norms") | {"fc.weight", "fc.bias"}
    assert whole == everything


def test_parts_and_globs_can_be_joined():
    assert patterns("layer3, bn1.*", "resnet18") == ("layer3.*", "bn1.*")
    assert patterns("nothing", "resnet18") == ()
    assert all(patterns(name, "resnet50") == globs for name, globs in PARTS.items())
