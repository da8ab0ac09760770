"""The value and the gradient of TripletLoss, against Python loops over its triplets."""

import math

import pytest
import torch

from losses import TripletLoss, mining

MININGS = ["batch_hard", "batch_all", "semi_hard", "random"]
DETERMINISTIC = ["batch_hard", "batch_all", "semi_hard"]
MARGINS = [0.0, 0.7, None]

# Unbalanced on purpose: class 3 has one member, which has no positive, so is never an anchor.
UNBALANCED = [2, 0, 1, 0, 0, 3, 1, 2, 0]
BALANCED = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


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
def test_equals_the_loop_over_anchors(points, how, margin, normalize, labels):
    for seed in range(5):
        embeddings = points(len(labels), seed)
        rows = embeddings.tolist()
        rows = unit_rows(rows) if normalize else rows
        expected = loop_loss(rows, loop_triplets(rows, labels, how), margin)
        got = TripletLoss(margin, how, normalize)(embeddings, torch.tensor(labels))
        assert got.item() == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_the_share_of_active_triplets_is_that_of_a_loop_and_rises_with_the_margin(points, how):
    embeddings, labels = points(len(UNBALANCED), 1), torch.tensor(UNBALANCED)
    rows = unit_rows(embeddings.tolist())
    triplets = [one for own in loop_triplets(rows, UNBALANCED, how) for one in own]
    shares = []
    for margin in (0.0, 0.3, 2.1):  # no distance on the sphere is larger than 2
        gaps = [math.dist(rows[a], rows[p]) - math.dist(rows[a], rows[n]) for a, p, n in triplets]
        expected = sum(gap + margin > 0 for gap in gaps) / len(triplets)
        loss = TripletLoss(margin, how, normalize=True)
        value, share = loss.with_active(embeddings, labels)
        assert share.item() == pytest.approx(expected) and value == loss(embeddings, labels)
        shares.append(expected)
    assert shares == sorted(shares) and shares[2] == 1
    assert how != "batch_all" or shares[0] < shares[1] < 1  # the hardest may violate any margin
    assert TripletLoss(None, how).with_active(embeddings, labels)[1] == 1
    assert TripletLoss(0.2, how).with_active(embeddings[:2], torch.tensor([0, 1]))[1] == 0


@pytest.mark.parametrize("margin", MARGINS)
def test_random_mining_equals_the_loop_over_the_triplets_its_generator_draws(
    points, generator, margin
):
    embeddings, labels = points(len(UNBALANCED)), torch.tensor(UNBALANCED)
    for seed in range(5):
        drawn = mining.random(labels, generator(seed))
        triplets = [[triple] for triple in zip(*(part.tolist() for part in drawn), strict=True)]
        expected = loop_loss(embeddings.tolist(), triplets, margin)
        got = TripletLoss(margin, "random")(embeddings, labels, generator(seed))
        assert got.item() == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("margin", MARGINS)
def test_random_mining_without_a_choice_equals_batch_all(points, generator, margin):
    # Anchors 0 and 1 have one positive and one negative; 2 is no anchor.
    embeddings, labels = points(3), torch.tensor([0, 0, 1])
    got = TripletLoss(margin, "random")(embeddings, labels, generator())
    rows = embeddings.tolist()
    expected = loop_loss(rows, [[(0, 1, 2)], [(1, 0, 2)]], margin)
    assert got.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("margin", [0.7, None])
@pytest.mark.parametrize("how", MININGS)
def test_gradient_equals_finite_differences(points, generator, how, margin, normalize):
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


def test_a_single_anchor_weighs_the_same_however_many_triplets_it_has(points):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels), 1)
    each = TripletLoss(0.7, "batch_all").anchor_losses(embeddings, labels)
    triplets = loop_triplets(embeddings.tolist(), UNBALANCED, "batch_all")
    assert len({len(of_anchor) for of_anchor in triplets}) > 1
    expected = [loop_loss(embeddings.tolist(), [of_anchor], 0.7) for of_anchor in triplets]
    assert each.tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [0.7, None])
@pytest.mark.parametrize("how", DETERMINISTIC)
def test_order_of_the_batch_does_not_matter(points, generator, how, margin):
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
def test_names_of_the_classes_do_not_matter(points, how):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels))
    loss = TripletLoss(0.7, how)
    renamed = torch.tensor([10**12, -5, 0, 7])[labels]
    assert torch.equal(loss(embeddings, labels), loss(embeddings, renamed))


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_normalize_makes_the_loss_blind_to_each_length(points, how):
    labels = torch.tensor(UNBALANCED)
    embeddings = points(len(labels))
    lengths = torch.linspace(0.1, 50, len(labels), dtype=torch.float64).unsqueeze(1)
    blind, seeing = TripletLoss(0.7, how, normalize=True), TripletLoss(0.7, how)
    torch.testing.assert_close(blind(embeddings * lengths, labels), blind(embeddings, labels))
    assert not torch.isclose(seeing(embeddings * lengths, labels), seeing(embeddings, labels))


def test_forward_leaves_its_arguments_alone(points, generator):
    embeddings, labels = points(9), torch.tensor(UNBALANCED)
    kept, kept_labels = embeddings.clone(), labels.clone()
    for how in MININGS:
        TripletLoss(0.5, how, normalize=True)(embeddings, labels, generator())
    assert torch.equal(embeddings, kept)
    assert torch.equal(labels, kept_labels)
