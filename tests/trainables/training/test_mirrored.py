"""Flip augmentation at test time: mean probabilities of an image and its mirror image."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from models import resnet
from models.embedding_net import EmbeddingNet
from trainables.training.mirrored import Mirrored


class LeftHalf(nn.Module):
    """Two classes: bright on the left, or dark there."""

    def forward(self, images):
        left = images[..., : images.shape[-1] // 2].mean((1, 2, 3))
        return torch.stack([left, -left], 1)


def images(seed=0):
    return torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_probabilities_are_averaged_and_not_logits():
    x = 10 * images()
    scores = Mirrored(LeftHalf())(x)
    both = LeftHalf()(x).softmax(1), LeftHalf()(x.flip(-1)).softmax(1)
    expected = (both[0] + both[1]) / 2
    torch.testing.assert_close(scores.softmax(1), expected)
    labels = torch.tensor([0, 1, 0, 1, 1])
    log_loss = -expected[torch.arange(5), labels].log().mean()
    torch.testing.assert_close(cross_entropy(scores, labels), log_loss)


def test_an_image_and_its_mirror_image_are_predicted_alike():
    x, net = images(), Mirrored(LeftHalf())
    torch.testing.assert_close(net(x), net(x.flip(-1)))
    assert not torch.allclose(LeftHalf()(x), LeftHalf()(x.flip(-1)))


def test_a_probability_that_is_no_number_above_zero_stays_finite():
    x = torch.full((1, 3, 8, 8), 1e4)  # of the second class e^-20,000
    assert Mirrored(LeftHalf())(x).isfinite().all()


def test_embeddings_are_those_of_the_image_alone():
    net = EmbeddingNet(resnet.build("resnet18", 3)[0], 3, seed=0).eval()
    x = images()
    embeddings, scores = Mirrored(net)(x)
    torch.testing.assert_close(embeddings, net(x)[0])
    both = (net(x)[1].softmax(1) + net(x.flip(-1))[1].softmax(1)) / 2
    torch.testing.assert_close(scores.softmax(1), both)


@pytest.mark.parametrize("training", [True, False])
def test_it_shares_the_mode_of_its_network(training):
    net = nn.Dropout()
    Mirrored(net).train(training)
    assert net.training == training
