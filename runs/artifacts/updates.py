"""What an optimiser did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runs.artifacts.arrays import Arrays, Axes, Doubles, Ints, Singles


@dataclass(frozen=True, eq=False)
class Updates(Arrays):
    """Gradient steps of a network with L layers, S of them sampled; NaN is what was not measured.

    step, epoch: when, both counted from 1, (S,) int64.
    layers: names, (L,).
    gradient_norm, update_norm, weight_norm: of each layer, the weights after the step, (S, L)
        float32.
    gradient_cosine, update_cosine: to the step before, (S,) float32.
    noise, signal: estimates of tr(S) and |G|^2; NaN without two images drawn at random, (S,)
        float32.
    sketch: of the weights (`metrics.updates.CountSketch`), (S, D) float32.
    batch_size: images.
    weights: how many the network has; None in older files.
    effective_step: of optimisers with Adam's two moments, at Q quantiles, (S, Q) float32; None of
        others.
    effective_step_quantiles: these, in [0, 1], (Q,) float64; None of others.

    Raises ValueError if shapes do not fit each other, or effective steps lack their quantiles.
    """

    FILE: ClassVar[str] = "updates.npz"
    FIELDS: ClassVar[Mapping[str, Axes]] = {
        "layers": ("L", str),
        "batch_size": ("", int),
        "weights": ("", int),
        "step": ("S", np.int64),
        "epoch": ("S", np.int64),
        "weight_norm": ("SL", np.float32),
        "noise": ("S", np.float32),
        "signal": ("S", np.float32),
        "sketch": ("SD", np.float32),
        "gradient_norm": ("SL", np.float32),
        "gradient_cosine": ("S", np.float32),
        "update_norm": ("SL", np.float32),
        "update_cosine": ("S", np.float32),
        "effective_step": ("SQ", np.float32),
        "effective_step_quantiles": ("Q", np.float64),
    }

    step: Ints
    epoch: Ints
    layers: tuple[str, ...]
    gradient_norm: Singles
    update_norm: Singles
    weight_norm: Singles
    gradient_cosine: Singles
    update_cosine: Singles
    noise: Singles
    signal: Singles
    sketch: Singles
    batch_size: int
    weights: int | None = None
    effective_step: Singles | None = None
    effective_step_quantiles: Doubles | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.effective_step is None) != (self.effective_step_quantiles is None):
            raise ValueError("Effective steps and their quantiles go together.")
