"""TripletLoss against pytorch-metric-learning."""

import pytest
import torch
from pytorch_metric_learning import distances as pml_distances
from pytorch_metric_learning import losses as pml_losses
from pytorch_metric_learning import miners as pml_miners
from pytorch_metric_learning import reducers as pml_reducers

from losses import TripletLoss

UNBALANCED = [2, 0, 1, 0, 0, 3, 1, 2, 0]
BALANCED = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("labels", [UNBALANCED, BALANCED], ids=["unbalanced", "balanced"])
@pytest.mark.parametrize("margin", [0.2, 2.0, None])
def test_batch_hard_agrees_with_pytorch_metric_learning(points, margin, labels):
    distance = pml_distances.LpDistance(normalize_embeddings=False)
    miner = pml_miners.BatchHardMiner(distance=distance)
    theirs = pml_losses.TripletMarginLoss(
        margin=margin or 0.0,
        smooth_loss=margin is None,
        distance=distance,
        reducer=pml_reducers.MeanReducer(),
    )
    targets = torch.tensor(labels)
    for seed in range(5):
        ours_at = points(len(labels), seed, dim=8).requires_grad_()
        theirs_at = ours_at.detach().clone().requires_grad_()
        got = TripletLoss(margin)(ours_at, targets)
        expected = theirs(theirs_at, targets, miner(theirs_at, targets))
        torch.testing.assert_close(got, expected)
        got.backward()
        expected.backward()
        torch.testing.assert_close(ours_at.grad, theirs_at.grad)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("margin", [0.2, 2.0, None])
def test_batch_all_agrees_with_pytorch_metric_learning_on_balanced_batches(
    points, margin, normalize
):
    theirs = pml_losses.TripletMarginLoss(
        margin=margin or 0.0,
        smooth_loss=margin is None,
        distance=pml_distances.LpDistance(normalize_embeddings=normalize),
        reducer=pml_reducers.MeanReducer(),
    )
    labels = torch.tensor(BALANCED)
    for seed in range(5):
        embeddings = points(len(labels), seed, dim=8)
        got = TripletLoss(margin, "batch_all", normalize)(embeddings, labels)
        torch.testing.assert_close(got, theirs(embeddings, labels))
