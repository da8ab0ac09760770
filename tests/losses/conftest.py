"""Random embeddings, and center loss with the paper's equations as plain loops."""

import pytest
import torch
from torch import Tensor

from losses import CenterLoss


def _points(
    count: int = 6, seed: int = 0, dim: int = 3, dtype: torch.dtype = torch.float64
) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64).to(dtype)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _center_loss(
    num_classes: int = 4, dim: int = 3, center_lr: float = 0.5, seed: int = 9, scale: float = 1.0
) -> CenterLoss:
    """A loss whose centers are away from zero."""
    loss = CenterLoss(num_classes, dim, center_lr)
    loss.centers.copy_(_points(num_classes, seed, dim) * scale)
    return loss


def _paper_loss(embeddings: Tensor, labels: list[int], centers: Tensor) -> float:
    rows, middles = embeddings.tolist(), centers.tolist()
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        total += sum((x - c) ** 2 for x, c in zip(row, middles[label], strict=True)) / 2
    return total / len(rows)


def _paper_update(
    embeddings: Tensor, labels: list[int], centers: Tensor, center_lr: float
) -> Tensor:
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


@pytest.fixture(scope="session")
def points():
    return _points


@pytest.fixture(scope="session")
def generator():
    return _generator


@pytest.fixture(scope="session")
def center_loss():
    return _center_loss


@pytest.fixture(scope="session")
def paper_loss():
    return _paper_loss


@pytest.fixture(scope="session")
def paper_update():
    return _paper_update
