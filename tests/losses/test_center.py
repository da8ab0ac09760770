"""CenterLoss against loops over the paper's equations, and against the known mistakes."""

import math

import pytest
import torch
from torch import Tensor, nn

from losses import CenterLoss

LABELS = [2, 0, 2, 1, 2, 0]  # of four classes: class 3 is absent


def points(count: int = 6, seed: int = 0, dim: int = 3, dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64).to(dtype)


def center_loss(
    num_classes: int = 4, dim: int = 3, center_lr: float = 0.5, seed: int = 9, scale: float = 1.0
) -> CenterLoss:
    """A loss whose centers are away from zero."""
    loss = CenterLoss(num_classes, dim, center_lr)
    loss.centers.copy_(points(num_classes, seed, dim) * scale)
    return loss


def loop_loss(embeddings: Tensor, labels: list[int], centers: Tensor) -> float:
    rows, middles = embeddings.tolist(), centers.tolist()
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        total += sum((x - c) ** 2 for x, c in zip(row, middles[label], strict=True)) / 2
    return total / len(rows)


def loop_update(embeddings: Tensor, labels: list[int], centers: Tensor, center_lr: float) -> Tensor:
    rows, middles = embeddings.tolist(), centers.tolist()
    moved = []
    for j, center in enumerate(middles):
        members = [row for row, label in zip(rows, labels, strict=True) if label == j]
        moved.append(
            [
                c - center_lr * sum(c - row[k] for row in members) / (1 + len(members))
                for k, c in enumerate(center)
            ]
        )
    return torch.tensor(moved, dtype=torch.float64)


def test_loss_equals_the_loop_over_the_batch():
    for seed in range(5):
        loss, embeddings = center_loss(), points(seed=seed)
        expected = loop_loss(embeddings, LABELS, loss.centers)
        got = loss(embeddings, torch.tensor(LABELS))
        assert got.shape == ()
        assert got.item() == pytest.approx(expected, rel=1e-13)


def test_loss_equals_half_the_mean_of_the_summed_squares():
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    expected = ((embeddings - loss.centers[labels]).pow(2).sum(1) / 2).mean()
    torch.testing.assert_close(loss(embeddings, labels), expected, rtol=1e-14, atol=0)


def test_loss_of_one_embedding_worked_by_hand():
    loss = CenterLoss(2, 2)
    got = loss(torch.tensor([[3.0, 4.0]]), torch.tensor([1]))
    assert got.item() == 12.5


def test_loss_is_not_scaled_by_the_step_of_the_centers():
    embeddings, labels = points(), torch.tensor(LABELS)
    values = {center_loss(center_lr=lr)(embeddings, labels).item() for lr in (0.0, 0.1, 1.0)}
    assert len(values) == 1


def test_loss_does_not_grow_with_the_size_of_the_batch():
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    twice = loss(torch.cat([embeddings] * 2), torch.cat([labels] * 2))
    torch.testing.assert_close(twice, loss(embeddings, labels))


def test_loss_at_the_centers_is_zero_with_a_zero_gradient():
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = loss.centers[labels].clone().requires_grad_()
    got = loss(embeddings, labels)
    got.backward()
    assert got.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros_like(embeddings))


def test_gradient_equals_finite_differences_and_the_papers_formula():
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = points().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), embeddings)
    loss(embeddings, labels).backward()
    expected = (embeddings.detach() - loss.centers[labels]) / len(labels)
    torch.testing.assert_close(embeddings.grad, expected)


@pytest.mark.parametrize("center_lr", [0.0, 0.1, 0.5, 1.0])
def test_update_follows_the_papers_count_normalised_rule(center_lr):
    for seed in range(5):
        loss, embeddings = center_loss(center_lr=center_lr), points(seed=seed)
        expected = loop_update(embeddings, LABELS, loss.centers, center_lr)
        loss.update(embeddings, torch.tensor(LABELS))
        torch.testing.assert_close(loss.centers.double(), expected, rtol=1e-6, atol=1e-7)


def test_update_worked_by_hand():
    # Class 0 from 1 with members 4 and 7: delta = ((1-4)+(1-7))/(1+2) = -3, step 1.5.
    loss = CenterLoss(2, 1, center_lr=0.5)
    loss.centers.fill_(1.0)
    loss.update(torch.tensor([[4.0], [7.0]]), torch.tensor([0, 0]))
    assert loss.centers.tolist() == [[2.5], [1.0]]


def test_update_is_not_autograds_sum_or_mean():
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


def test_step_of_the_centers_does_not_depend_on_the_loss_weight():
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


def test_centers_stay_on_forward_and_backward_and_move_on_update():
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


def test_centers_are_not_parameters_so_no_optimiser_decays_them_or_gives_them_momentum():
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


def test_repeated_updates_carry_no_momentum():
    loss, embeddings = center_loss(), points()
    expected = loss.centers.double()
    for seed in range(4):
        embeddings = points(seed=seed)
        expected = loop_update(embeddings, LABELS, expected, loss.center_lr)
        loss.update(embeddings, torch.tensor(LABELS))
    torch.testing.assert_close(loss.centers.double(), expected, rtol=1e-5, atol=1e-6)
    # Fed with its own centers a class has delta zero, so memory alone could move it.
    before = loss.centers.clone()
    loss.update(before[LABELS], torch.tensor(LABELS))
    assert torch.equal(loss.centers, before)


def test_repeated_updates_bring_every_center_to_the_mean_of_its_class():
    loss, embeddings, labels = center_loss(), points(), torch.tensor(LABELS)
    for _ in range(200):
        loss.update(embeddings, labels)
    for j in range(3):
        mean = embeddings[labels == j].mean(0).float()
        torch.testing.assert_close(loss.centers[j], mean, rtol=1e-5, atol=1e-6)


def test_classes_absent_from_the_batch_do_not_move():
    loss = center_loss(6)
    before = loss.centers.clone()
    loss.update(points(3), torch.tensor([4, 1, 4]))
    moved = (loss.centers != before).any(dim=1)
    assert moved.tolist() == [False, True, False, False, True, False]


def test_a_class_moves_by_its_own_members_only():
    labels = torch.tensor(LABELS)
    embeddings = points()
    alone, together = center_loss(), center_loss()
    alone.update(embeddings[labels == 2], labels[labels == 2])
    together.update(embeddings, labels)
    assert torch.equal(alone.centers[2], together.centers[2])


def test_update_leaves_no_graph_and_does_not_disturb_a_pending_backward():
    loss, labels = center_loss(), torch.tensor(LABELS)
    embeddings = points().requires_grad_()
    expected = (embeddings.detach() - loss.centers[labels]) / len(labels)
    value = loss(embeddings, labels)
    loss.update(embeddings, labels)
    value.backward()
    torch.testing.assert_close(embeddings.grad, expected)
    assert not loss.centers.requires_grad
    assert loss.centers.grad_fn is None


def test_update_keeps_the_buffer_and_its_storage():
    loss = center_loss()
    buffer, pointer = loss.centers, loss.centers.data_ptr()
    loss.update(points(), torch.tensor(LABELS))
    assert loss.centers is buffer
    assert loss.centers.data_ptr() == pointer
    assert loss.centers.dtype == torch.float32


def test_order_of_the_batch_does_not_matter():
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_low_precision_inputs_lose_nothing_beyond_their_own_rounding(dtype):
    labels = torch.tensor(LABELS)
    embeddings = points(dim=64, dtype=dtype).requires_grad_()
    low, high = center_loss(dim=64), center_loss(dim=64)
    exact = embeddings.detach().double().requires_grad_()
    got, expected = low(embeddings, labels), high(exact, labels)
    assert got.dtype == torch.float32
    assert got.item() == pytest.approx(expected.item(), rel=1e-6)
    got.backward()
    expected.backward()
    assert embeddings.grad.dtype == dtype
    step = torch.finfo(dtype).eps
    torch.testing.assert_close(embeddings.grad.double(), exact.grad, rtol=2 * step, atol=1e-7)
    low.update(embeddings, labels)
    high.update(exact, labels)
    torch.testing.assert_close(low.centers, high.centers, rtol=1e-5, atol=1e-6)


def test_half_precision_inputs_with_large_norms_are_precise():
    # ||x||^2 is near 2.3e9, where float16 ends at 65504.
    labels = torch.tensor(LABELS)
    embeddings = (points(dim=256) * 3000).half()
    loss = center_loss(dim=256)
    expected = loop_loss(embeddings.double(), LABELS, loss.centers.double())
    assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)
    centers = loop_update(embeddings.double(), LABELS, loss.centers.double(), loss.center_lr)
    loss.update(embeddings, labels)
    torch.testing.assert_close(loss.centers.double(), centers, rtol=1e-5, atol=1e-3)


def test_half_precision_inputs_close_to_distant_centers_are_precise():
    # The expanded square cancels here: the loss is some 1e-8 of ||x||^2.
    labels = torch.tensor(LABELS)
    loss = center_loss(dim=256)
    loss.centers.mul_(10).add_(1000)
    embeddings = loss.centers[labels].half()
    expected = loop_loss(embeddings.double(), LABELS, loss.centers.double())
    assert expected > 0
    assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)


def test_small_steps_on_large_centers_are_not_lost_to_half_precision():
    loss = CenterLoss(1, 1, center_lr=0.01)
    loss.centers.fill_(1000.0)
    loss.update(torch.tensor([[1001.0]], dtype=torch.float16), torch.tensor([0]))
    assert loss.centers.item() == pytest.approx(1000.005, abs=1e-4)


def test_autocast_changes_nothing():
    labels = torch.tensor(LABELS)
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        embeddings = points(dim=64, dtype=dtype)
        plain, cast = center_loss(dim=64), center_loss(dim=64)
        expected = plain(embeddings, labels)
        plain.update(embeddings, labels)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            got = cast(embeddings, labels)
            cast.update(embeddings, labels)
        assert got.dtype == expected.dtype
        assert torch.equal(got, expected)
        assert cast.centers.dtype == torch.float32
        assert torch.equal(cast.centers, plain.centers)


def test_float64_stays_float64():
    assert center_loss()(points(), torch.tensor(LABELS)).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_every_integer_type_of_label_gives_the_same(dtype):
    embeddings, labels = points(), torch.tensor(LABELS)
    wide, narrow = center_loss(), center_loss()
    assert torch.equal(wide(embeddings, labels), narrow(embeddings, labels.to(dtype)))
    wide.update(embeddings, labels)
    narrow.update(embeddings, labels.to(dtype))
    assert torch.equal(wide.centers, narrow.centers)


def test_centers_start_at_zero_in_float32_and_travel_with_the_state():
    assert torch.equal(CenterLoss(4, 3).centers, torch.zeros(4, 3, dtype=torch.float32))
    source, target = center_loss(), CenterLoss(4, 3)
    source.update(points(), torch.tensor(LABELS))
    target.load_state_dict(source.state_dict())
    assert torch.equal(target.centers, source.centers)


def test_a_nan_embedding_is_not_hidden_and_spoils_only_its_own_class():
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
    embeddings, labels, message
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
