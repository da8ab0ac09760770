"""The value and the gradient of CenterLoss, against a loop over the paper's; what it refuses."""

import math

import pytest
import torch

from losses import CenterLoss

LABELS = [2, 0, 2, 1, 2, 0]  # of four classes: class 3 is absent


def test_loss_equals_the_loop_over_the_batch(points, center_loss, paper_loss):
    for seed in range(5):
        loss, embeddings = center_loss(), points(seed=seed)
        expected = paper_loss(embeddings, LABELS, loss.centers)
        got = loss(embeddings, torch.tensor(LABELS))
        assert got.shape == ()
        assert got.item() == pytest.approx(expected, rel=1e-13)


def test_loss_equals_half_the_mean_of_the_summed_squares(points, center_loss):
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    expected = ((embeddings - loss.centers[labels]).pow(2).sum(1) / 2).mean()
    torch.testing.assert_close(loss(embeddings, labels), expected, rtol=1e-14, atol=0)


def test_loss_of_one_embedding_worked_by_hand():
    loss = CenterLoss(2, 2)
    got = loss(torch.tensor([[3.0, 4.0]]), torch.tensor([1]))
    assert got.item() == 12.5


def test_loss_is_not_scaled_by_the_step_of_the_centers(points, center_loss):
    embeddings, labels = points(), torch.tensor(LABELS)
    values = {center_loss(center_lr=lr)(embeddings, labels).item() for lr in (0.0, 0.1, 1.0)}
    assert len(values) == 1


def test_loss_does_not_grow_with_the_size_of_the_batch(points, center_loss):
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    twice = loss(torch.cat([embeddings] * 2), torch.cat([labels] * 2))
    torch.testing.assert_close(twice, loss(embeddings, labels))


def test_loss_at_the_centers_is_zero_with_a_zero_gradient(center_loss):
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = loss.centers[labels].clone().requires_grad_()
    got = loss(embeddings, labels)
    got.backward()
    assert got.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


def test_gradient_equals_finite_differences_and_the_papers_formula(points, center_loss):
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = points().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), embeddings)
    loss(embeddings, labels).backward()
    expected = (embeddings.detach() - loss.centers[labels]) / len(labels)
    torch.testing.assert_close(embeddings.grad, expected)


def test_order_of_the_batch_does_not_matter(points, center_loss):
    labels, embeddings = torch.tensor(LABELS), points()
    first = center_loss()
    expected = first(embeddings, labels)
    first.update(embeddings, labels)
    for seed in range(5):
        order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
        loss = center_loss()
        torch.testing.assert_close(loss(embeddings[order], labels[order]), expected)
        loss.update(embeddings[order], labels[order])
        torch.testing.assert_close(loss.centers, first.centers)


def test_a_nan_embedding_is_not_hidden_and_spoils_only_its_own_class(points, center_loss):
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    embeddings[3, 0] = math.nan  # the only member of class 1
    assert loss(embeddings, labels).isnan()
    loss.update(embeddings, labels)
    assert loss.centers.isnan().any(dim=1).tolist() == [False, True, False, False]


WRONG = [
    (torch.zeros(2, 3), torch.tensor([0, 4]), r"\[0, 4\), got 4"),
    (torch.zeros(2, 3), torch.tensor([-1, 0]), r"\[0, 4\), got -1"),
    (torch.zeros(2, 5), torch.tensor([0, 1]), "3 columns"),
    (torch.zeros(3), torch.tensor([0, 1, 2]), r"\(B, D\)"),
    (torch.zeros(2, 3, 1), torch.tensor([0, 1]), r"\(B, D\)"),
    (torch.zeros(2, 3, dtype=torch.long), torch.tensor([0, 1]), "floating"),
    (torch.zeros(2, 3), torch.tensor([0]), r"shape \(2,\)"),
    (torch.zeros(2, 3), torch.tensor([[0], [1]]), r"shape \(2,\)"),
    (torch.zeros(2, 3), torch.tensor([0.0, 1.0]), "integers"),
    (torch.zeros(2, 3), torch.tensor([True, False]), "integers"),
    (torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), "at least one"),
]


@pytest.mark.parametrize(("embeddings", "labels", "message"), WRONG)
def test_wrong_batches_are_refused_by_forward_and_update_and_move_nothing(
    center_loss, embeddings, labels, message
):
    loss = center_loss()
    before = loss.centers.clone()
    with pytest.raises(ValueError, match=message):
        loss(embeddings, labels)
    with pytest.raises(ValueError, match=message):
        loss.update(embeddings, labels)
    assert torch.equal(loss.centers, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "num_classes"),
        ((4, 0), "dim"),
        ((4, 3, -0.1), "center_lr"),
        ((4, 3, 1.1), "center_lr"),
        ((4, 3, math.nan), "center_lr"),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CenterLoss(*arguments)
