"""Which triplets of a batch the triplet loss looks at: pure functions, without gradient.

Each gives `Triplets` sorted by anchor. An anchor without a positive (another member of its
class) or without a negative (a member of another class) is in no triplet.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Triplets(NamedTuple):
    """Positions in the batch of every triplet's members, int64 (T,) each."""

    anchors: Tensor
    positives: Tensor
    negatives: Tensor


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs are positive (same class, not itself) and negative, both bool (B, B).

    labels: integers (B,).
    """
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same & ~itself, ~same


@torch.no_grad()
def batch_hard(distances: Tensor, labels: Tensor) -> Triplets:
    """For every anchor its farthest positive and its closest negative.

    Hermans et al. 2017 (arXiv 1703.07737), equation (5).

    distances: (B, B).
    labels: integers (B,).
    """
    positive, negative = pair_masks(labels)
    anchors = _anchors(positive, negative)
    farthest = distances.masked_fill(~positive, -torch.inf).argmax(dim=1)
    closest = _closest(distances, negative)
    return Triplets(anchors, farthest[anchors], closest[anchors])


@torch.no_grad()
def batch_all(distances: Tensor, labels: Tensor) -> Triplets:
    """Every triplet of the batch (Hermans et al. 2017, equation (6)).

    A batch of P classes with K members each has PK (K-1) (PK-K) triplets.

    distances: (B, B), not looked at.
    labels: integers (B,).
    """
    positive, negative = pair_masks(labels)
    anchors, positives = positive.nonzero(as_tuple=True)
    # By way of the pairs: a (B, B, B) mask would be mostly False.
    pairs, negatives = negative[anchors].nonzero(as_tuple=True)
    return Triplets(anchors[pairs], positives[pairs], negatives)


@torch.no_grad()
def semi_hard(distances: Tensor, labels: Tensor) -> Triplets:
    """For every anchor-positive pair the closest negative that is farther than the positive.

    Where no negative is farther, the farthest negative. Schroff et al. 2015, FaceNet
    (arXiv 1503.03832), section 3.2.

    distances: (B, B).
    labels: integers (B,).
    """
    positive, negative = pair_masks(labels)
    positive &= negative.any(dim=1, keepdim=True)
    anchors, positives = positive.nonzero(as_tuple=True)
    to_positive = distances[anchors, positives].unsqueeze(1)  # (pairs, 1)
    to_others, negative = distances[anchors], negative[anchors]  # (pairs, B)
    # "not nearer" rather than "farther": a NaN distance is then chosen, not hidden.
    farther = negative & ~(to_others <= to_positive)
    closest = _closest(to_others, farther)
    farthest = to_others.masked_fill(~negative, -torch.inf).argmax(dim=1)
    return Triplets(anchors, positives, torch.where(farther.any(dim=1), closest, farthest))


@torch.no_grad()
def random(labels: Tensor, generator: torch.Generator) -> Triplets:
    """For every anchor one positive and one negative, drawn uniformly and independently.

    labels: integers (B,).
    generator: draws on its own device, so that a CPU generator draws the same triplets for a batch
        on any device.
    """
    positive, negative = pair_masks(labels)
    anchors = _anchors(positive, negative)
    if len(anchors) == 0:  # torch.multinomial refuses a matrix without rows
        return Triplets(anchors, anchors, anchors)
    positives = _draw(positive[anchors], generator)
    return Triplets(anchors, positives, _draw(negative[anchors], generator))


def _anchors(positive: Tensor, negative: Tensor) -> Tensor:
    return (positive.any(dim=1) & negative.any(dim=1)).nonzero().squeeze(1)


def _closest(distances: Tensor, mask: Tensor) -> Tensor:
    # Clamped below the filling: a distance that has overflowed to infinity must not tie with it.
    finite = distances.clamp(max=torch.finfo(distances.dtype).max)
    return finite.masked_fill(~mask, torch.inf).argmin(dim=1)


def _draw(mask: Tensor, generator: torch.Generator) -> Tensor:
    weights = mask.to(generator.device, torch.float32)
    drawn = torch.multinomial(weights, num_samples=1, generator=generator)
    return drawn.squeeze(1).to(mask.device)
