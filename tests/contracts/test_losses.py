"""What every embedding loss keeps; one that is exported but not built here fails the first test."""

import pytest
import torch

import losses

BUILT = {
    "CenterLoss": lambda: losses.CenterLoss(num_classes=4, dim=5),
    "TripletLoss": lambda: losses.TripletLoss(margin=0.5),
}
LABELS = torch.tensor([0, 0, 1, 1, 3, 3])


@pytest.fixture(params=losses.__all__)
def loss(request):
    return BUILT[request.param]()


def points(seed=0, scale=1.0):
    return scale * torch.randn(len(LABELS), 5, generator=torch.Generator().manual_seed(seed))


def test_every_exported_loss_is_held_to_this():
    assert set(BUILT) == set(losses.__all__)


def test_it_is_a_finite_scalar_not_below_zero_with_a_finite_gradient(loss):
    for scale in (0.0, 1e-6, 1.0, 1e6):
        embeddings = points(scale=scale).requires_grad_()
        value = loss(embeddings, LABELS)
        value.backward()
        assert value.shape == () and value.isfinite() and value >= 0
        assert embeddings.grad.isfinite().all()


def test_it_does_not_depend_on_the_order_of_the_batch(loss):
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(loss(points()[order], LABELS[order]), loss(points(), LABELS))


def test_forward_changes_nothing_and_draws_nothing_from_the_global_generator(loss):
    before = {name: value.clone() for name, value in loss.state_dict().items()}
    generator = torch.get_rng_state()
    assert torch.equal(loss(points(), LABELS), loss(points(), LABELS))
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(value, before[name]) for name, value in loss.state_dict().items())


def test_it_has_nothing_for_an_optimiser_and_its_state_goes_where_it_is_sent(loss):
    assert list(loss.parameters()) == []
    moved = loss.to("meta")
    assert all(value.is_meta for value in moved.state_dict().values())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(loss, dtype):
    half = points().to(dtype)
    assert torch.equal(loss(half, LABELS), loss(half.float(), LABELS))


@pytest.mark.parametrize(
    ("embeddings", "labels"),
    [
        (torch.zeros(0, 5), torch.zeros(0, dtype=torch.long)),
        (torch.zeros(6), LABELS),
        (torch.zeros(6, 5), LABELS[:5]),
        (torch.zeros(6, 5), LABELS.float()),
    ],
    ids=["empty", "one dimension", "too few labels", "labels not integer"],
)
def test_a_batch_that_makes_no_sense_is_a_sentence(loss, embeddings, labels):
    with pytest.raises(ValueError, match="must"):
        loss(embeddings, labels)
