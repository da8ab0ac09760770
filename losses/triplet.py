"""Triplet loss: an anchor nearer to its own class than to the others, by a margin.

[1] Hermans, Beyer, Leibe. In Defense of the Triplet Loss for Person Re-Identification.
    arXiv 1703.07737, 2017.
[2] Schroff, Kalenichenko, Philbin. FaceNet: A Unified Embedding for Face Recognition and
    Clustering. arXiv 1503.03832, 2015.
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from losses import mining as miners
from losses.batch import at_least_float32, check_batch
from losses.mining import Triplets

Mining = Literal["batch_hard", "batch_all", "semi_hard", "random"]

_BY_DISTANCE: dict[str, Callable[[Tensor, Tensor], Triplets]] = {
    "batch_hard": miners.batch_hard,
    "batch_all": miners.batch_all,
    "semi_hard": miners.semi_hard,
}


class TripletLoss(nn.Module):
    """The mean over anchors of max(0, d(a, p) - d(a, n) + margin).

    d is the Euclidean distance, not squared (squares collapse more easily, says [1]). The mean is
    over the anchors that have a positive and a negative, zeros counted. An anchor with several
    triplets first takes the mean of its own; where all anchors have equally many, as in batches of
    P classes with K members each, that is the mean over all triplets.

    margin: 0 or more; None replaces the hinge by the soft margin of [1], ln(1 + exp(d(a, p) - d(a,
        n))).
    mining: chooses the triplets. "batch_hard" [1]: one an anchor, the farthest positive and the
        closest negative; "batch_all" [1]: all; "semi_hard" [2]: one for every anchor-positive pair,
        the closest negative farther than the positive, else the farthest negative; "random": one an
        anchor, drawn with the generator given to `forward`.
    normalize: first divide each embedding by its L2 norm (as [2]), so that distances lie in [0, 2]
        and a margin of 2 or more cannot be met; an embedding of zeros stays zero.

    Raises ValueError if the margin is negative, infinite or NaN, or the mining unknown.
    """

    def __init__(
        self, margin: float | None, mining: Mining = "batch_hard", normalize: bool = False
    ) -> None:
        super().__init__()
        if margin is not None and not 0 <= margin < math.inf:
            raise ValueError(
                f"margin must be a finite number >= 0, or None for the soft margin, got {margin}"
            )
        if mining not in get_args(Mining):
            names = ", ".join(get_args(Mining))
            raise ValueError(f"mining must be one of {names}, got {mining!r}")
        self.margin = margin
        self.mining = mining
        self.normalize = normalize

    def forward(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """The loss, a scalar >= 0.

        Half precision is cast up to float32 first, also under autocast; float64 stays float64.
        Points at distance zero get a gradient of zero from that distance. Without a single anchor
        that has a positive and a negative the loss is a zero that still has a graph, and its
        gradient is zero. An anchor whose triplet has a NaN makes the loss NaN.

        embeddings: floating-point (B, D).
        labels: integers (B,).
        generator: of random mining, which needs it; not looked at otherwise.

        Raises ValueError if the batch is empty, shapes are others, or random mining has no
        generator.
        """
        return self.with_active(embeddings, labels, generator)[0]

    def with_active(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The loss of `forward`, and the share of mined triplets that are active, in [0, 1].

        Active is a triplet whose penalty is above 0: only these move anything. With the soft margin
        all are; while all are with the hinge, the margin is a constant that has no gradient. Both
        are scalars; the share is 0 without a triplet, and has no graph.

        embeddings, labels, generator: as in `forward`.
        """
        penalties, anchors = self._penalties(embeddings, labels, generator)
        losses = _mean_by_anchor(penalties, anchors, len(labels))
        active = (penalties.detach() > 0).sum() / max(1, len(penalties))
        return losses.sum() / max(1, len(losses)), active

    def anchor_losses(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """The loss of every anchor that has a positive and a negative, (A,) in batch order.

        A lies in 0..B. The share of active anchors is `(losses > 0).float().mean()`; with the soft
        margin every anchor is active.

        embeddings, labels, generator: as in `forward`.
        """
        penalties, anchors = self._penalties(embeddings, labels, generator)
        return _mean_by_anchor(penalties, anchors, len(labels))

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        return f"margin={self.margin}, mining={self.mining!r}, normalize={self.normalize}"

    def _penalties(
        self, embeddings: Tensor, labels: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Of every triplet its penalty and its anchor, (T,) each."""
        check_batch(embeddings, labels)
        points = at_least_float32(embeddings)
        if self.normalize:
            points = _unit_length(points)
        # Differences, not the matrix product: that one cancels for near points. This mode's
        # gradient at distance zero is zero, where the root's own would be infinite.
        distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
        triplets = self._mine(distances, labels, generator)
        to_positive = _pick(distances, triplets.anchors, triplets.positives)
        to_negative = _pick(distances, triplets.anchors, triplets.negatives)
        violations = to_positive - to_negative
        if self.margin is None:
            penalties = functional.softplus(violations)
        else:
            penalties = functional.relu(violations + self.margin)
        return penalties, triplets.anchors

    def _mine(
        self, distances: Tensor, labels: Tensor, generator: torch.Generator | None
    ) -> Triplets:
        if self.mining != "random":
            return _BY_DISTANCE[self.mining](distances, labels)
        if generator is None:
            raise ValueError("random mining needs a torch.Generator to draw with, got None")
        return miners.random(labels, generator)


def _mean_by_anchor(penalties: Tensor, anchors: Tensor, batch: int) -> Tensor:
    """The mean penalty of every anchor that has a triplet, (A,) in batch order."""
    counts = torch.bincount(anchors, minlength=batch)
    sums = penalties.new_zeros(batch).index_add(0, anchors, penalties)
    return sums[counts > 0] / counts[counts > 0]


def _unit_length(points: Tensor) -> Tensor:
    norms = points.norm(dim=1, keepdim=True)
    # A dead embedding (all zeros) stays zero; dividing by a tiny epsilon instead would send it
    # a gradient of 1 / epsilon.
    return points / torch.where(norms > 0, norms, 1.0)


def _pick(distances: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    # distances[rows, columns], but its gradient adds up in a fixed order on several CPU threads.
    return distances.flatten().index_select(0, rows * len(distances) + columns)
