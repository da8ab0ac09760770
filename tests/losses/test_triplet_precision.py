"""TripletLoss in every precision, under autocast, and of numbers that are large or near."""

import math

import pytest
import torch

from losses import TripletLoss

MININGS = ["batch_hard", "batch_all", "semi_hard", "random"]
DETERMINISTIC = ["batch_hard", "batch_all", "semi_hard"]
BALANCED = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("how", MININGS)
def test_low_precision_inputs_lose_nothing_beyond_their_own_rounding(points, generator, how, dtype):
    labels = torch.tensor(BALANCED)
    embeddings = points(len(labels), dim=64, dtype=dtype).requires_grad_()
    exact = embeddings.detach().double().requires_grad_()
    loss = TripletLoss(0.7, how)
    got, expected = loss(embeddings, labels, generator()), loss(exact, labels, generator())
    assert got.dtype == torch.float32
    assert got.item() == pytest.approx(expected.item(), rel=1e-5)
    got.backward()
    expected.backward()
    assert embeddings.grad.dtype == dtype
    step = torch.finfo(dtype).eps
    torch.testing.assert_close(
        embeddings.grad.double(), exact.grad, rtol=4 * step, atol=max(step / 100, 1e-7)
    )


@pytest.mark.parametrize("how", MININGS)
def test_half_precision_with_large_norms_does_not_overflow(points, generator, how):
    labels = torch.tensor(BALANCED)
    embeddings = (points(len(labels), dim=256) * 3000).half()  # squares far above 65504
    loss = TripletLoss(0.7, how)
    got = loss(embeddings, labels, generator())
    expected = loss(embeddings.double(), labels, generator())
    assert got.item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("how", MININGS)
def test_autocast_changes_nothing(points, generator, how):
    labels = torch.tensor(BALANCED)
    loss = TripletLoss(0.7, how, normalize=True)
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        embeddings = points(len(labels), dim=64, dtype=dtype)
        expected = loss(embeddings, labels, generator())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            got = loss(embeddings, labels, generator())
        assert got.dtype == expected.dtype
        assert torch.equal(got, expected)


def test_float64_stays_float64(points):
    assert TripletLoss(0.5)(points(4), torch.tensor([0, 0, 1, 1])).dtype == torch.float64


def test_near_points_far_from_the_origin_keep_their_distances(points):
    # ||a||^2 + ||b||^2 - 2 a.b would lose these distances in float32; 30 rows make cdist try it.
    labels = torch.arange(30) % 3
    embeddings = (points(30, dim=8) * 1e-2 + 100).float()
    for how in DETERMINISTIC:
        loss = TripletLoss(None, how)
        expected = loss(embeddings.double(), labels).item()
        assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)


def test_soft_margin_of_a_huge_violation_is_finite():
    embeddings = torch.tensor([[0.0], [5000.0], [1.0]], dtype=torch.float64)
    got = TripletLoss(None)(embeddings, torch.tensor([0, 0, 1]))
    assert got.item() == pytest.approx((4999 + math.log(1 + math.e)) / 2)
