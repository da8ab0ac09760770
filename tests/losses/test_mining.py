"""Which triplets each mining chooses, against their definitions and pytorch-metric-learning."""

from collections import Counter

import pytest
import torch
from pytorch_metric_learning import distances as pml_distances
from pytorch_metric_learning import miners as pml_miners

from losses import TripletLoss, mining

DETERMINISTIC = ["batch_hard", "batch_all", "semi_hard"]
UNBALANCED = [2, 0, 1, 0, 0, 3, 1, 2, 0]
BALANCED = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


def test_random_mining_draws_positives_and_negatives_uniformly_and_independently(generator):
    labels = torch.tensor([0, 0, 0, 1, 1])  # anchor 0: positives 1, 2 and negatives 3, 4
    source, draws = generator(1), 4000
    pairs: Counter[tuple[int, int]] = Counter()
    for _ in range(draws):
        triplets = mining.random(labels, source)
        assert triplets.anchors.tolist() == [0, 1, 2, 3, 4]
        pairs[int(triplets.positives[0]), int(triplets.negatives[0])] += 1
    assert set(pairs) == {(1, 3), (1, 4), (2, 3), (2, 4)}
    # 1000 expected of each, standard deviation 27.
    assert all(abs(count - draws / 4) < 5 * 27.4 for count in pairs.values())


def test_random_mining_draws_only_valid_triplets(generator):
    labels = torch.tensor(UNBALANCED)
    for seed in range(50):
        anchors, positives, negatives = mining.random(labels, generator(seed))
        assert anchors.tolist() == [i for i, label in enumerate(UNBALANCED) if label != 3]
        assert (labels[anchors] == labels[positives]).all()
        assert (anchors != positives).all()
        assert (labels[anchors] != labels[negatives]).all()


def test_random_mining_repeats_for_the_same_seed_and_ignores_the_global_one(points, generator):
    embeddings, labels = points(12), torch.tensor(BALANCED)
    loss = TripletLoss(0.5, "random")
    torch.manual_seed(1)
    first = loss(embeddings, labels, generator(7))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(first, loss(embeddings, labels, generator(7)))
    assert torch.equal(before, torch.get_rng_state())
    several = {loss(embeddings, labels, generator(seed)).item() for seed in range(10)}
    assert len(several) > 1


def test_semi_hard_takes_the_closest_farther_negative_and_else_the_farthest():
    # From anchor 0 the positive is at 2, the negatives at 1, 2 (not farther), 3 and 5.
    embeddings = torch.tensor([[0.0], [2.0], [-1.0], [-2.0], [-3.0], [-5.0]])
    labels = torch.tensor([0, 0, 1, 2, 3, 4])
    triplets = mining.semi_hard(torch.cdist(embeddings, embeddings), labels)
    assert [part.tolist() for part in triplets] == [[0, 1], [1, 0], [4, 2]]
    near = torch.tensor([[0.0], [9.0], [1.0], [-4.0]])
    triplets = mining.semi_hard(torch.cdist(near, near), torch.tensor([0, 0, 1, 2]))
    assert [part.tolist() for part in triplets] == [[0, 1], [1, 0], [3, 3]]


@pytest.mark.parametrize("how", DETERMINISTIC)
def test_mined_negatives_are_negatives_even_at_infinite_distance(how):
    labels = torch.tensor([0, 0, 1])
    distances = torch.tensor([[0.0, 1.0, torch.inf], [1.0, 0.0, torch.inf], [torch.inf] * 3])
    distances[2, 2] = 0.0
    triplets = getattr(mining, how)(distances, labels)
    assert [part.tolist() for part in triplets] == [[0, 1], [1, 0], [2, 2]]


def test_semi_hard_takes_the_closest_of_pytorch_metric_learnings_semi_hard_negatives(points):
    # Their miner lists every semi-hard negative of a pair, ours takes one; without one they skip
    # the pair and ours falls back, so only the pairs that both have can agree.
    distance = pml_distances.LpDistance(normalize_embeddings=False)
    miner = pml_miners.TripletMarginMiner(
        margin=1e9, type_of_triplets="semihard", distance=distance
    )
    labels = torch.tensor(UNBALANCED)
    compared = 0
    for seed in range(5):
        embeddings = points(len(labels), seed)
        distances = distance(embeddings)
        closest: dict[tuple[int, int], int] = {}
        for a, p, n in zip(*(part.tolist() for part in miner(embeddings, labels)), strict=True):
            if (a, p) not in closest or distances[a, n] < distances[a, closest[a, p]]:
                closest[a, p] = n
        ours = zip(*(part.tolist() for part in mining.semi_hard(distances, labels)), strict=True)
        chosen = {(a, p): n for a, p, n in ours}
        assert {pair: chosen[pair] for pair in closest} == closest
        compared += len(closest)
    assert compared > 10


def test_batch_all_finds_as_many_triplets_as_the_formula():
    classes, members = 3, 4
    labels = torch.tensor(BALANCED)
    triplets = mining.batch_all(torch.zeros(12, 12), labels)
    size = classes * members
    assert len(triplets.anchors) == size * (members - 1) * (size - members)
    assert len(set(zip(*(part.tolist() for part in triplets), strict=True))) == len(
        triplets.anchors
    )
