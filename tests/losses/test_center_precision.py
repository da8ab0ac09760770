"""CenterLoss and its update in every precision, under autocast, and of large or near numbers."""

import pytest
import torch

from losses import CenterLoss

LABELS = [2, 0, 2, 1, 2, 0]  # of four classes: class 3 is absent


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_low_precision_inputs_lose_nothing_beyond_their_own_rounding(points, center_loss, dtype):
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


def test_half_precision_inputs_with_large_norms_are_precise(
    points, center_loss, paper_loss, paper_update
):
    # ||x||^2 is near 2.3e9, where float16 ends at 65504.
    labels = torch.tensor(LABELS)
    embeddings = (points(dim=256) * 3000).half()
    loss = center_loss(dim=256)
    expected = paper_loss(embeddings.double(), LABELS, loss.centers.double())
    assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)
    centers = paper_update(embeddings.double(), LABELS, loss.centers.double(), loss.center_lr)
    loss.update(embeddings, labels)
    torch.testing.assert_close(loss.centers.double(), centers, rtol=1e-5, atol=1e-3)


def test_half_precision_inputs_close_to_distant_centers_are_precise(center_loss, paper_loss):
    # The expanded square cancels here: the loss is some 1e-8 of ||x||^2.
    labels = torch.tensor(LABELS)
    loss = center_loss(dim=256)
    loss.centers.mul_(10).add_(1000)
    embeddings = loss.centers[labels].half()
    expected = paper_loss(embeddings.double(), LABELS, loss.centers.double())
    assert expected > 0
    assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)


def test_small_steps_on_large_centers_are_not_lost_to_half_precision():
    loss = CenterLoss(1, 1, center_lr=0.01)
    loss.centers.fill_(1000.0)
    loss.update(torch.tensor([[1001.0]], dtype=torch.float16), torch.tensor([0]))
    assert loss.centers.item() == pytest.approx(1000.005, abs=1e-4)


def test_autocast_changes_nothing(points, center_loss):
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


def test_float64_stays_float64(points, center_loss):
    assert center_loss()(points(), torch.tensor(LABELS)).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_every_integer_type_of_label_gives_the_same(points, center_loss, dtype):
    embeddings, labels = points(), torch.tensor(LABELS)
    wide, narrow = center_loss(), center_loss()
    assert torch.equal(wide(embeddings, labels), narrow(embeddings, labels.to(dtype)))
    wide.update(embeddings, labels)
    narrow.update(embeddings, labels.to(dtype))
    assert torch.equal(wide.centers, narrow.centers)
