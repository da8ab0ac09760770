"""TripletLoss of batches without triplets, of equal, dead and NaN embeddings; what it refuses."""

import math

import pytest
import torch

from losses import TripletLoss

MININGS = ["batch_hard", "batch_all", "semi_hard", "random"]
DETERMINISTIC = ["batch_hard", "batch_all", "semi_hard"]


@pytest.mark.parametrize("margin", [0.5, None])
@pytest.mark.parametrize("how", MININGS)
@pytest.mark.parametrize(
    "labels",
    [[0], [4, 4, 4, 4], [0, 1, 2, 3]],
    ids=["one embedding", "one class", "all labels distinct"],
)
def test_batch_without_triplets_gives_a_zero_with_a_graph(points, generator, labels, how, margin):
    embeddings = points(len(labels)).requires_grad_()
    loss = TripletLoss(margin, how)(embeddings, torch.tensor(labels), generator())
    assert loss.shape == ()
    assert loss.item() == 0
    assert loss.requires_grad
    loss.backward()
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("value", [0.0, 1.5])
@pytest.mark.parametrize("margin", [0.5, None])
@pytest.mark.parametrize("how", MININGS)
def test_identical_points_give_the_margin_and_a_finite_gradient(
    generator, how, margin, value, normalize
):
    embeddings = torch.full((6, 3), value, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    loss = TripletLoss(margin, how, normalize)(embeddings, labels, generator())
    assert loss.item() == pytest.approx(math.log(2) if margin is None else margin)
    loss.backward()
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


def test_a_pair_of_identical_points_leaves_the_other_gradients_alone():
    embeddings = torch.tensor([[0.0], [0.0], [2.0]], dtype=torch.float64, requires_grad=True)
    TripletLoss(5.0)(embeddings, torch.tensor([0, 0, 1])).backward()
    # Each anchor's loss is 0 - (x2 - x0) + 5, averaged over two.
    assert embeddings.grad.flatten().tolist() == [0.5, 0.5, -1.0]


def test_a_dead_embedding_keeps_a_finite_gradient_when_normalized(points):
    embeddings = points(4)
    embeddings[0] = 0
    embeddings.requires_grad_()
    TripletLoss(3.0, normalize=True)(embeddings, torch.tensor([0, 0, 1, 1])).backward()
    assert embeddings.grad.isfinite().all()
    assert embeddings.grad.abs().max() < 100


@pytest.mark.parametrize("how", MININGS)
def test_a_nan_embedding_is_not_hidden(points, generator, how):
    labels = torch.tensor([0, 0, 1, 1])
    embeddings = points(4)
    embeddings[1, 0] = math.nan
    assert TripletLoss(0.5, how)(embeddings, labels, generator()).isnan()


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_a_nan_among_the_negatives_is_not_hidden_by_a_finite_one(how):
    embeddings = torch.tensor([[0.0], [1.0], [math.nan], [5.0]])
    assert TripletLoss(0.5, how)(embeddings, torch.tensor([0, 0, 1, 2])).isnan()


def test_random_mining_without_a_generator_is_refused(points):
    with pytest.raises(ValueError, match="Generator"):
        TripletLoss(0.5, "random")(points(4), torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize("margin", [-0.1, math.inf, math.nan])
def test_impossible_margins_are_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        TripletLoss(margin)


def test_unknown_mining_is_refused_by_name():
    with pytest.raises(ValueError, match="'hardest'"):
        TripletLoss(0.5, "hardest")


@pytest.mark.parametrize(
    ("embeddings", "labels", "message"),
    [
        (torch.zeros(4), torch.zeros(4, dtype=torch.long), r"\(B, D\)"),
        (torch.zeros(4, 2, 1), torch.zeros(4, dtype=torch.long), r"\(B, D\)"),
        (torch.zeros(4, 2, dtype=torch.long), torch.zeros(4, dtype=torch.long), "floating"),
        (torch.zeros(4, 2), torch.zeros(3, dtype=torch.long), r"shape \(4,\)"),
        (torch.zeros(4, 2), torch.zeros(4, 1, dtype=torch.long), r"shape \(4,\)"),
        (torch.zeros(4, 2), torch.zeros(4), "integers"),
        (torch.zeros(4, 2), torch.zeros(4, dtype=torch.bool), "integers"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), "at least one"),
    ],
)
def test_wrong_batches_are_refused(embeddings, labels, message):
    with pytest.raises(ValueError, match=message):
        TripletLoss(0.5)(embeddings, labels)
