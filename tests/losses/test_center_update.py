"""How the centers of CenterLoss move: the paper's rule, and against the known mistakes."""

import pytest
import torch
from torch import nn

from losses import CenterLoss

LABELS = [2, 0, 2, 1, 2, 0]  # of four classes: class 3 is absent


@pytest.mark.parametrize("center_lr", [0.0, 0.1, 0.5, 1.0])
def test_update_follows_the_papers_count_normalised_rule(
    points, center_loss, paper_update, center_lr
):
    for seed in range(5):
        loss, embeddings = center_loss(center_lr=center_lr), points(seed=seed)
        expected = paper_update(embeddings, LABELS, loss.centers, center_lr)
        loss.update(embeddings, torch.tensor(LABELS))
        torch.testing.assert_close(loss.centers.double(), expected, rtol=1e-6, atol=1e-7)


def test_update_worked_by_hand():
    # Class 0 from 1 with members 4 and 7: delta = ((1-4)+(1-7))/(1+2) = -3, step 1.5.
    loss = CenterLoss(2, 1, center_lr=0.5)
    loss.centers.fill_(1.0)
    loss.update(torch.tensor([[4.0], [7.0]]), torch.tensor([0, 0]))
    assert loss.centers.tolist() == [[2.5], [1.0]]


def test_update_is_not_autograds_sum_or_mean(points, center_loss):
    loss, embeddings, labels = center_loss(center_lr=1.0), points(), torch.tensor(LABELS)
    before = loss.centers.double().requires_grad_()
    terms = (embeddings - before[labels]).pow(2).sum(1) / 2
    (by_sum,) = torch.autograd.grad(terms.sum(), before, retain_graph=True)
    (by_mean,) = torch.autograd.grad(terms.mean(), before)
    loss.update(embeddings, labels)
    step = before.detach() - loss.centers
    counts = torch.tensor([2, 1, 3, 0]).unsqueeze(1)
    torch.testing.assert_close(step, by_sum / (1 + counts), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(step, by_sum, rtol=1e-2)
    assert not torch.allclose(step, by_mean, rtol=1e-2)


def test_step_of_the_centers_does_not_depend_on_the_loss_weight(points, center_loss):
    labels = torch.tensor(LABELS)
    ends = []
    for weight in (1e-3, 1.0, 1e3):
        model = nn.ModuleDict({"net": nn.Linear(3, 3), "loss": center_loss()})
        loss = model["loss"]
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        embeddings = points(dtype=torch.float32).requires_grad_()
        for _ in range(3):
            optimiser.zero_grad()
            (weight * loss(embeddings, labels) + model["net"](embeddings).sum()).backward()
            optimiser.step()
            loss.update(embeddings, labels)
        ends.append(loss.centers.clone())
    assert torch.equal(ends[0], ends[1])
    assert torch.equal(ends[1], ends[2])
    assert not torch.equal(ends[0], center_loss().centers)


def test_centers_stay_on_forward_and_backward_and_move_on_update(points, center_loss):
    loss, labels = center_loss(), torch.tensor(LABELS)
    before = loss.centers.clone()
    embeddings = points().requires_grad_()
    for training in (True, False):
        loss.train(training)
        first = loss(embeddings, labels)
        first.backward()
        assert torch.equal(loss(embeddings, labels), first)
        assert torch.equal(loss.centers, before)
    loss.update(embeddings, labels)
    assert not torch.equal(loss.centers[:3], before[:3])


def test_centers_are_not_parameters_so_no_optimiser_decays_them_or_gives_them_momentum(
    points, center_loss
):
    labels = torch.tensor(LABELS)
    model = nn.ModuleDict({"net": nn.Linear(3, 3), "loss": center_loss()})
    loss, net = model["loss"], model["net"]
    assert list(loss.parameters()) == []
    before = loss.centers.clone()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.5)
    for _ in range(3):
        optimiser.zero_grad()
        loss(net(points(dtype=torch.float32)), labels).backward()
        optimiser.step()
    assert torch.equal(loss.centers, before)
    assert loss.centers.grad is None
    assert not loss.centers.requires_grad


def test_repeated_updates_carry_no_momentum(points, center_loss, paper_update):
    loss, embeddings = center_loss(), points()
    expected = loss.centers.double()
    for seed in range(4):
        embeddings = points(seed=seed)
        expected = paper_update(embeddings, LABELS, expected, loss.center_lr)
        loss.update(embeddings, torch.tensor(LABELS))
    torch.testing.assert_close(loss.centers.double(), expected, rtol=1e-5, atol=1e-6)
    # Fed with its own centers a class has delta zero, so memory alone could move it.
    before = loss.centers.clone()
    loss.update(before[LABELS], torch.tensor(LABELS))
    assert torch.equal(loss.centers, before)


def test_repeated_updates_bring_every_center_to_the_mean_of_its_class(points, center_loss):
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    for _ in range(200):
        loss.update(embeddings, labels)
    for j in range(3):
        mean = embeddings[labels == j].mean(0).float()
        torch.testing.assert_close(loss.centers[j], mean, rtol=1e-5, atol=1e-6)


def test_classes_absent_from_the_batch_do_not_move(points, center_loss):
    loss = center_loss(6)
    before = loss.centers.clone()
    loss.update(points(3), torch.tensor([4, 1, 4]))
    moved = (loss.centers != before).any(dim=1)
    assert moved.tolist() == [False, True, False, False, True, False]


def test_a_class_moves_by_its_own_members_only(points, center_loss):
    labels = torch.tensor(LABELS)
    embeddings = points()
    alone, together = center_loss(), center_loss()
    alone.update(embeddings[labels == 2], labels[labels == 2])
    together.update(embeddings, labels)
    assert torch.equal(alone.centers[2], together.centers[2])


def test_update_leaves_no_graph_and_does_not_disturb_a_pending_backward(points, center_loss):
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = points().requires_grad_()
    expected = (embeddings.detach() - loss.centers[labels]) / len(labels)
    value = loss(embeddings, labels)
    loss.update(embeddings, labels)
    value.backward()
    torch.testing.assert_close(embeddings.grad, expected)
    assert not loss.centers.requires_grad
    assert loss.centers.grad_fn is None


def test_update_keeps_the_buffer_and_its_storage(points, center_loss):
    loss = center_loss()
    buffer, pointer = loss.centers, loss.centers.data_ptr()
    loss.update(points(), torch.tensor(LABELS))
    assert loss.centers is buffer
    assert loss.centers.data_ptr() == pointer
    assert loss.centers.dtype == torch.float32


def test_centers_start_at_zero_in_float32_and_travel_with_the_state(points, center_loss):
    assert torch.equal(CenterLoss(4, 3).centers, torch.zeros(4, 3, dtype=torch.float32))
    source, target = center_loss(), CenterLoss(4, 3)
    source.update(points(), torch.tensor(LABELS))
    target.load_state_dict(source.state_dict())
    assert torch.equal(target.centers, source.centers)
