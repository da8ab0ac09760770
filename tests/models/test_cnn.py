"""The three-layer CNN: shapes, cost, and parameters that a seed decides."""

import pytest
import torch
from torch import nn

from models.cnn import CNN, multiply_adds


@pytest.mark.parametrize(("size", "width", "classes"), [(8, 1, 2), (32, 16, 2), (37, 4, 10)])
def test_images_of_any_size_give_a_logit_a_class(size, width, classes):
    net = CNN(classes, size, width)
    assert net(torch.zeros(3, 3, size, size)).shape == (3, classes)
    assert [type(child) for child in net.children()] == [nn.Conv2d] * 3 + [nn.Linear]


def test_batch_norm_stands_behind_every_convolution_and_changes_no_other_start():
    plain, normed = CNN(2, 16, 4, seed=1), CNN(2, 16, 4, seed=1, batch_norm=True)
    norms = {n: m.num_features for n, m in normed.named_children() if isinstance(m, nn.BatchNorm2d)}
    assert norms == {"bn1": 4, "bn2": 8, "bn3": 16}
    state = normed.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in plain.state_dict().items())
    seen = []
    for norm in (normed.bn1, normed.bn2, normed.bn3):
        norm.register_forward_hook(lambda layer, given, out: seen.append(out))
    normed.train()(torch.randn(6, 3, 16, 16))
    for out in seen:
        assert out.mean((0, 2, 3)).abs().max() < 1e-5
        assert (out.var((0, 2, 3)) - 1).abs().max() < 0.05


def test_multiply_adds_are_those_of_its_layers():
    net, counts = CNN(5, 48, 8), []

    def count(layer, inputs, output):
        each = layer.weight[0].numel()
        counts.append(each * output[0].numel())

    for layer in net.children():
        layer.register_forward_hook(count)
    net(torch.zeros(1, 3, 48, 48))
    assert multiply_adds(5, 48, 8) == sum(counts)


def test_a_seed_alone_decides_the_parameters_and_moves_no_global_generator():
    before = torch.get_rng_state()
    one, same, other = CNN(2, 16, 4, seed=1), CNN(2, 16, 4, seed=1), CNN(2, 16, 4, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.conv1.weight, other.conv1.weight)
