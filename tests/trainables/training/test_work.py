"""Multiply-additions: counted by hand, frozen parts without a backward pass, nothing disturbed."""

import copy

import torch
from torch import nn

from trainables.training.work import multiply_adds


def test_they_are_those_of_products_counted_by_hand():
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    # Forward; backward to the weights of both; backward to the inputs of the second alone.
    assert multiply_adds(net, (5,)) == 2 * (5 * 7 + 7 * 3) + 7 * 3


def test_a_convolution_counts_by_output_pixel():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten())
    forward = 4 * 3 * 3 * 3 * 8 * 8
    assert multiply_adds(net, (3, 8, 8)) == 2 * forward  # nothing flows on to the pixels


def test_what_is_frozen_is_only_passed_forward():
    net = nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 3))
    net[0].requires_grad_(False)
    assert multiply_adds(net, (5,)) == 5 * 7 + 2 * 7 * 3


def test_the_net_and_what_is_drawn_stay_as_they_are():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten())
    before, drawn = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    multiply_adds(net, (3, 8, 8))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(drawn, torch.get_rng_state())
