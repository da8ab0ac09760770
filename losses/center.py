"""Center loss: pull every embedding towards the center of its class.

[1] Wen, Zhang, Li, Qiao. A Discriminative Feature Learning Approach for Deep Face Recognition.
    ECCV 2016.
"""

import torch
from torch import Tensor, nn

from losses.batch import at_least_float32, check_batch


class CenterLoss(nn.Module):
    """The mean over the batch of 1/2 ||x_i - c_(y_i)||^2.

    [1] calls two things by a Greek letter: lambda weighs this loss against cross-entropy, alpha is
    the step of the centers. Neither is in the returned value: the weight is the caller's factor,
    and the step is `center_lr`, applied by `update` and by nothing else. Equation (2) of [1] sums
    over the batch; the mean used here does not change its scale with the batch size.

    `centers` is a buffer of shape (num_classes, dim) in float32. It is not a parameter, so no
    optimiser can move it, give it momentum or decay it, and no weight of the loss can scale its
    step. [1] does not say where the centers start; zeros need no seed and favour no class, and
    a class has left zero after its first batch.

    num_classes: at least 1.
    dim: numbers of an embedding, D, at least 1.
    center_lr: alpha of [1], 0..1 (section 3.2 of [1]); 0 keeps the centers where they are.

    Raises ValueError if one of them is out of its range.
    """

    centers: Tensor

    def __init__(self, num_classes: int, dim: int, center_lr: float = 0.5) -> None:
        super().__init__()
        if num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, got {num_classes}")
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        if not 0 <= center_lr <= 1:
            raise ValueError(f"center_lr must lie in [0, 1], got {center_lr}")
        self.center_lr = center_lr
        self.register_buffer("centers", torch.zeros(num_classes, dim, dtype=torch.float32))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar >= 0; changes nothing.

        Half precision is cast up to float32 first, also under autocast; float64 stays float64. The
        gradient flows to the embeddings only: (x_i - c_(y_i)) / B. A NaN embedding gives NaN.

        embeddings: floating-point (B, D).
        labels: integers (B,), 0..num_classes-1.

        Raises ValueError if the batch is empty, shapes are others or a label is out of range.
        """
        differences = self._differences(embeddings, labels)
        return 0.5 * differences.square().sum(dim=1).mean()

    @torch.no_grad()
    def update(self, embeddings: Tensor, labels: Tensor) -> None:
        """Move `centers` by one step of equation (4) and algorithm 1 of [1].

            delta_j = sum_{i: y_i = j} (c_j - x_i) / (1 + n_j)
            c_j     = c_j - center_lr * delta_j

        n_j counts class j in the batch. Classes that are not in the batch stay where they are.
        The order of the batch matters only in the last bits, and the same batch gives the same
        bits. A NaN embedding makes its class's center NaN.

        embeddings, labels: as in `forward`.

        Raises ValueError as `forward` does.
        """
        differences = -self._differences(embeddings, labels)
        counts = torch.bincount(labels.long(), minlength=len(self.centers))
        # Sorted segments rather than index_add_, whose order of additions varies on CUDA.
        order = labels.argsort(stable=True)
        sums = torch.segment_reduce(differences[order], "sum", lengths=counts, axis=0)
        deltas = sums / (1 + counts).unsqueeze(1)
        self.centers.copy_(self.centers - self.center_lr * deltas)

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        num_classes, dim = self.centers.shape
        return f"num_classes={num_classes}, dim={dim}, center_lr={self.center_lr}"

    def _differences(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """x_i - c_(y_i), of shape (B, D), in float32 or float64."""
        self._check(embeddings, labels)
        # The direct difference, not ||x||^2 + ||c||^2 - 2 x.c, which cancels near the center and
        # needs all C centers for every embedding.
        return at_least_float32(embeddings) - self.centers[labels.long()]

    def _check(self, embeddings: Tensor, labels: Tensor) -> None:
        check_batch(embeddings, labels)
        num_classes, dim = self.centers.shape
        if embeddings.shape[1] != dim:
            raise ValueError(
                f"embeddings must have {dim} columns, as the centers have, "
                f"got shape {tuple(embeddings.shape)}"
            )
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= num_classes:
            wrong = low if low < 0 else high
            raise ValueError(f"labels must lie in [0, {num_classes}), got {wrong}")
