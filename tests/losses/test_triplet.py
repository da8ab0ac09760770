"""TripletLoss against Python loops, gradcheck, degenerate batches and pytorch-metric-learning."""

import math

import pytest
import torch
from pytorch_metric_learning import distances as pml_distances
from pytorch_metric_learning import losses as pml_losses
from pytorch_metric_learning import miners as pml_miners
from pytorch_metric_learning import reducers as pml_reducers
from torch import Tensor

from losses import TripletLoss, mining

MININGS = ["batch_hard", "batch_all", "semi_hard", "random"]
DETERMINISTIC = ["batch_hard", "batch_all", "semi_hard"]
MARGINS = [0.0, 0.7, None]

# Unbalanced on purpose: class 3 has one member, which has no positive, so is never an anchor.
UNBALANCED = [2, 0, 1, 0, 0, 3, 1, 2, 0]
BALANCED = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


def points(count: int, seed: int = 0, dim: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64).to(dtype)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def loop_triplets(rows: list[list[float]], labels: list[int], how: str) -> list[list[tuple]]:
    """The (positive, negative) pairs of every anchor that has both, chosen by plain loops."""
    chosen = []
    for a, label in enumerate(labels):
        positives = [j for j, other in enumerate(labels) if other == label and j != a]
        negatives = [j for j, other in enumerate(labels) if other != label]
        if not positives or not negatives:
            continue

        def to(j: int, a: int = a) -> float:
            return math.dist(rows[a], rows[j])

        if how == "batch_hard":
            pairs = [(max(positives, key=to), min(negatives, key=to))]
        elif how == "batch_all":
            pairs = [(p, n) for p in positives for n in negatives]
        else:
            pairs = []
            for p in positives:
                farther = [n for n in negatives if to(n) > to(p)]
                pairs.append((p, min(farther, key=to) if farther else max(negatives, key=to)))
        chosen.append([(a, p, n) for p, n in pairs])
    return chosen


def loop_loss(rows: list[list[float]], triplets: list[list[tuple]], margin: float | None) -> float:
    """The mean over anchors of each anchor's mean penalty."""
    anchors = []
    for of_anchor in triplets:
        penalties = []
        for a, p, n in of_anchor:
            violation = math.dist(rows[a], rows[p]) - math.dist(rows[a], rows[n])
            if margin is None:
                penalties.append(math.log(1 + math.exp(violation)))
            else:
                penalties.append(max(0.0, violation + margin))
        anchors.append(sum(penalties) / len(penalties))
    return sum(anchors) / len(anchors) if anchors else 0.0


def unit_rows(rows: list[list[float]]) -> list[list[float]]:
    return [[value / math.hypot(*row) for value in row] for row in rows]


@pytest.mark.parametrize("labels", [UNBALANCED, BALANCED], ids=["unbalanced", "balanced"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("how", DETERMINISTIC)
def test_equals_the_loop_over_anchors(how, margin, normalize, labels):
    for seed in range(5):
        embeddings = points(len(labels), seed)
        rows = embeddings.tolist()
        rows = unit_rows(rows) if normalize else rows
        expected = loop_loss(rows, loop_triplets(rows, labels, how), margin)
        got = TripletLoss(margin, how, normalize)(embeddings, torch.tensor(labels))
        assert got.item() == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("margin", MARGINS)
def test_random_mining_equals_the_loop_over_the_triplets_its_generator_draws(margin):
    embeddings, labels = points(len(UNBALANCED)), torch.tensor(UNBALANCED)
    for seed in range(5):
        drawn = mining.random(labels, generator(seed))
        triplets = [[triple] for triple in zip(*(part.tolist() for part in drawn), strict=True)]
        expected = loop_loss(embeddings.tolist(), triplets, margin)
        got = TripletLoss(margin, "random")(embeddings, labels, generator(seed))
        assert got.item() == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("margin", MARGINS)
def test_random_mining_without_a_choice_equals_batch_all(margin):
    # Anchors 0 and 1 have one positive and one negative; 2 is no anchor.
    embeddings, labels = points(3), torch.tensor([0, 0, 1])
    got = TripletLoss(margin, "random")(embeddings, labels, generator())
    rows = embeddings.tolist()
    expected = loop_loss(rows, [[(0, 1, 2)], [(1, 0, 2)]], margin)
    assert got.item() == pytest.approx(expected, rel=1e-12)


def test_random_mining_without_a_generator_is_refused():
    with pytest.raises(ValueError, match="Generator"):
        TripletLoss(0.5, "random")(points(4), torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("margin", [0.7, None])
@pytest.mark.parametrize("how", MININGS)
def test_gradient_equals_finite_differences(how, margin, normalize):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels), 3).requires_grad_()
    loss = TripletLoss(margin, how, normalize)
    assert loss(embeddings, labels, generator()).item() > 0  # a flat zero would pass gradcheck
    assert torch.autograd.gradcheck(lambda x: loss(x, labels, generator()), embeddings)


def test_distance_is_not_squared():
    # Anchor 0: positive at 3, negative at 1. Anchor 1: positive at 3, negative at 2.
    embeddings = torch.tensor([[0.0], [3.0], [1.0]], dtype=torch.float64)
    got = TripletLoss(0.5)(embeddings, torch.tensor([0, 0, 1]))
    assert got.item() == pytest.approx(((3 - 1 + 0.5) + (3 - 2 + 0.5)) / 2)


def test_zeros_count_in_the_mean():
    # Anchor 0 violates the margin, the others do not.
    embeddings = torch.tensor([[6.0], [4.0], [10.0], [10.5]], dtype=torch.float64)
    loss = TripletLoss(3.0)
    labels = torch.tensor([0, 0, 1, 1])
    each = loss.anchor_losses(embeddings, labels)
    # d(0,1)=2, d(0,2)=4; d(1,2)=6; d(2,3)=0.5, d(2,0)=4; d(3,0)=4.5
    assert each.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert loss(embeddings, labels).item() == 0.25


def test_anchors_without_a_positive_are_not_counted_in_the_mean():
    embeddings = torch.tensor([[0.0], [3.0], [1.0], [100.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 2])
    loss = TripletLoss(0.5)
    assert loss.anchor_losses(embeddings, labels).tolist() == [2.5, 1.5]
    assert loss(embeddings, labels).item() == 2.0


def test_a_single_anchor_weighs_the_same_however_many_triplets_it_has():
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels), 1)
    each = TripletLoss(0.7, "batch_all").anchor_losses(embeddings, labels)
    triplets = loop_triplets(embeddings.tolist(), UNBALANCED, "batch_all")
    assert len({len(of_anchor) for of_anchor in triplets}) > 1
    expected = [loop_loss(embeddings.tolist(), [of_anchor], 0.7) for of_anchor in triplets]
    assert each.tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [0.5, None])
@pytest.mark.parametrize("how", MININGS)
@pytest.mark.parametrize(
    "labels",
    [[0], [4, 4, 4, 4], [0, 1, 2, 3]],
    ids=["one embedding", "one class", "all labels distinct"],
)
def test_batch_without_triplets_gives_a_zero_with_a_graph(labels, how, margin):
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
def test_identical_points_give_the_margin_and_a_finite_gradient(how, margin, value, normalize):
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


def test_a_dead_embedding_keeps_a_finite_gradient_when_normalized():
    embeddings = points(4)
    embeddings[0] = 0
    embeddings.requires_grad_()
    TripletLoss(3.0, normalize=True)(embeddings, torch.tensor([0, 0, 1, 1])).backward()
    assert embeddings.grad.isfinite().all()
    assert embeddings.grad.abs().max() < 100


@pytest.mark.parametrize("margin", [0.7, None])
@pytest.mark.parametrize("how", DETERMINISTIC)
def test_order_of_the_batch_does_not_matter(how, margin):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels), 2).requires_grad_()
    loss = TripletLoss(margin, how)
    expected = loss(embeddings, labels)
    (gradient,) = torch.autograd.grad(expected, embeddings)
    for seed in range(5):
        order = torch.randperm(len(labels), generator=generator(seed))
        shuffled = embeddings.detach()[order].requires_grad_()
        got = loss(shuffled, labels[order])
        (moved,) = torch.autograd.grad(got, shuffled)
        torch.testing.assert_close(got, expected)
        torch.testing.assert_close(moved, gradient[order])


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_names_of_the_classes_do_not_matter(how):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels))
    loss = TripletLoss(0.7, how)
    renamed = torch.tensor([10**12, -5, 0, 7])[labels]
    assert torch.equal(loss(embeddings, labels), loss(embeddings, renamed))


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_normalize_makes_the_loss_blind_to_each_length(how):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels))
    lengths = torch.linspace(0.1, 50, len(labels), dtype=torch.float64).unsqueeze(1)
    blind, seeing = TripletLoss(0.7, how, normalize=True), TripletLoss(0.7, how)
    torch.testing.assert_close(blind(embeddings * lengths, labels), blind(embeddings, labels))
    assert not torch.isclose(seeing(embeddings * lengths, labels), seeing(embeddings, labels))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("how", MININGS)
def test_low_precision_inputs_lose_nothing_beyond_their_own_rounding(how, dtype):
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
def test_half_precision_with_large_norms_does_not_overflow(how):
    labels = torch.tensor(BALANCED)
    embeddings = (points(len(labels), dim=256) * 3000).half()  # squares far above 65504
    loss = TripletLoss(0.7, how)
    got = loss(embeddings, labels, generator())
    expected = loss(embeddings.double(), labels, generator())
    assert got.item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("how", MININGS)
def test_autocast_changes_nothing(how):
    labels = torch.tensor(BALANCED)
    loss = TripletLoss(0.7, how, normalize=True)
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        embeddings = points(len(labels), dim=64, dtype=dtype)
        expected = loss(embeddings, labels, generator())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            got = loss(embeddings, labels, generator())
        assert got.dtype == expected.dtype
        assert torch.equal(got, expected)


def test_float64_stays_float64():
    assert TripletLoss(0.5)(points(4), torch.tensor([0, 0, 1, 1])).dtype == torch.float64


def test_near_points_far_from_the_origin_keep_their_distances():
    # ||a||^2 + ||b||^2 - 2 a.b would lose these distances in float32; 30 rows make cdist try it.
    labels = torch.arange(30) % 3
    embeddings = (points(30, dim=8) * 1e-2 + 100).float()
    for how in DETERMINISTIC:
        loss = TripletLoss(None, how)
        expected = loss(embeddings.double(), labels).item()
        assert loss(embeddings, labels).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("labels", [UNBALANCED, BALANCED], ids=["unbalanced", "balanced"])
@pytest.mark.parametrize("margin", [0.2, 2.0, None])
def test_batch_hard_agrees_with_pytorch_metric_learning(margin, labels):
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
def test_batch_all_agrees_with_pytorch_metric_learning_on_balanced_batches(margin, normalize):
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


@pytest.mark.parametrize("how", MININGS)
def test_a_nan_embedding_is_not_hidden(how):
    labels = torch.tensor([0, 0, 1, 1])
    embeddings = points(4)
    embeddings[1, 0] = math.nan
    assert TripletLoss(0.5, how)(embeddings, labels, generator()).isnan()


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_a_nan_among_the_negatives_is_not_hidden_by_a_finite_one(how):
    embeddings = torch.tensor([[0.0], [1.0], [math.nan], [5.0]])
    assert TripletLoss(0.5, how)(embeddings, torch.tensor([0, 0, 1, 2])).isnan()


def test_soft_margin_of_a_huge_violation_is_finite():
    embeddings = torch.tensor([[0.0], [5000.0], [1.0]], dtype=torch.float64)
    got = TripletLoss(None)(embeddings, torch.tensor([0, 0, 1]))
    assert got.item() == pytest.approx((4999 + math.log(1 + math.e)) / 2)


def test_forward_leaves_its_arguments_alone():
    embeddings, labels = points(9), torch.tensor(UNBALANCED)
    kept, kept_labels = embeddings.clone(), labels.clone()
    for how in MININGS:
        TripletLoss(0.5, how, normalize=True)(embeddings, labels, generator())
    assert torch.equal(embeddings, kept)
    assert torch.equal(labels, kept_labels)


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
