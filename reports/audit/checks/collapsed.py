"""Embeddings at one point: of no length any more, or all in one direction."""

from __future__ import annotations

import numpy as np

from reports.audit.check import Check, tested
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent

FALLEN = 0.01  # of the longest in training: a length below it is gone
ONE_POINT = 0.99  # mean cosine of two embeddings: near 0 after BatchNorm, below it after a ReLU


def says(files: TrialFiles) -> str | None:
    """How short they are, or how alike their directions."""
    points, norms = files.embeddings, files.series("train/embedding_norm")
    if len(points) < 2 or not np.isfinite(points).all():
        raise Absent("no two finite embeddings")
    lengths = np.linalg.norm(points, axis=1)
    longest = max([*norms, float(lengths.max())])
    if not lengths.mean() >= FALLEN * longest or not longest:
        return f"Embeddings have a length of {lengths.mean():.2g}, after {longest:.3g} in training."
    # The mean of all pairs' cosines; 1 less it is the variance of the unit vectors.
    cosine = float(np.square((points / np.where(lengths, lengths, 1.0)[:, None]).mean(0)).sum())
    if cosine <= ONE_POINT:
        return None
    return f"All embeddings point one way: two of them have a cosine of {cosine:.4f} on average."


CHECK = Check(
    "collapsed",
    lambda files: tested(files) and files.embeds,
    says,
    looks_for="collapsed embeddings",
)
