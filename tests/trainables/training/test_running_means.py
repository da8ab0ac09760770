"""Means over images, whatever the sizes of the batches."""

import pytest
import torch

from trainables.training.running_means import RunningMeans, share_right


def test_every_image_counts_the_same():
    losses, running = torch.arange(7.0), RunningMeans()
    for part in (losses[:4], losses[4:6], losses[6:]):
        running.add(len(part), loss=part.mean())
    assert running.count == 7
    assert running.means("train") == {"train/loss": pytest.approx(3.0)}


def test_the_highest_logit_is_the_prediction():
    logits = torch.tensor([[0.1, 0.2], [3.0, -1.0], [0.0, 1.0], [2.0, 1.0]])
    assert share_right(logits, torch.tensor([1, 0, 0, 0])).item() == 0.75
