"""What a trial's gradient steps looked like, sampled while it trains: one array file a trial.

A sampled step is compared with the step before it, whose gradient and update are kept for that; and
its gradient is taken in two halves of the batch, one after the other, from which the gradient noise
follows (McCandlish et al. 2018, arXiv 1812.06162). All other steps are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from metrics import updates
from metrics.sampled_steps import noise_scale
from runs.artifacts import Updates

SKETCH = 256  # numbers that stand for all weights in the picture of the path
WATCHED = 2_000  # parameters whose Adam steps are looked at: a quantile of all would cost a sort
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class UpdateLog:
    """Watches some steps of a network's optimiser.

    every: every how many steps one is looked at; 0: none is.
    population: images that batches are drawn from without replacement; None: with replacement.
    halved: whether the gradients of a batch's halves are samples of the noise, and add up to that
        of the batch: it is drawn at random, and an image's gradient depends on no other image.
    kept: what `state` gave, to go on from there.
    """

    def __init__(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        every: int,
        population: int | None,
        halved: bool = True,
        kept: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> None:
        layers = {name: list(child.parameters()) for name, child in net.named_children()}
        self.layers = [name for name, parameters in layers.items() if parameters]
        self._sizes = [sum(p.numel() for p in layers[name]) for name in self.layers]
        self._parameters = [p for name in self.layers for p in layers[name]]
        self._optimizer, self._every = optimizer, every
        self._population, self._halved = population, halved
        self._sketch = updates.CountSketch(sum(self._sizes), SKETCH)
        # The same ones in all trials, evenly spread.
        self._watched = (
            torch.linspace(0, sum(self._sizes) - 1, WATCHED, dtype=torch.float64).long().unique()
        )
        self._samples = dict(kept["samples"]) if kept else {}
        device = self._parameters[0].device  # a checkpoint is read on the CPU
        self._before = {n: v.to(device) for n, v in kept["before"].items()} if kept else {}
        self._rows: list[dict[str, Tensor]] = []

    def parts(self, step: int, inputs: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The batch of a step, numbered from 1, in the parts over which its gradient is summed.

        Backpropagate a part's share of the loss before asking for the next; when all are done, let
        the optimiser make its step and call `updated`.
        """
        self._step, self._now = step, {}
        self._sampled = bool(self._every) and step % self._every == 0
        if not self._sampled and (not self._every or (step + 1) % self._every):
            yield inputs, labels
            return
        self._now["weights"] = self._flat(self._parameters)
        count, half = len(labels), len(labels) // 2
        if self._sampled and half and self._halved:
            yield inputs[:half], labels[:half]
            first = self._flat(p.grad for p in self._parameters)
            yield inputs[half:], labels[half:]
            self._now["gradient"] = whole = self._flat(p.grad for p in self._parameters)
            sizes = half, count - half
            means = first * (count / sizes[0]), (whole - first) * (count / sizes[1])
            self._noise = updates.noise_and_signal(*means, sizes, self._population)
        else:
            yield inputs, labels
            self._now["gradient"] = self._flat(p.grad for p in self._parameters)
            self._noise = float("nan"), float("nan")

    def updated(self, epoch: int) -> None:
        """The optimiser has made its step."""
        if not self._now:
            return
        weights = self._flat(self._parameters)
        now = {"gradient": self._now["gradient"], "update": weights - self._now["weights"]}
        if self._sampled:
            self._rows.append(self._row(epoch, weights, now))
        self._before = now | {"step": torch.tensor(self._step)}

    def _row(self, epoch: int, weights: Tensor, now: Mapping[str, Tensor]) -> dict[str, Tensor]:
        row = {
            "step": torch.tensor(self._step),
            "epoch": torch.tensor(epoch),
            "weight_norm": updates.layer_norms(weights, self._sizes).float().cpu(),
            "noise": torch.tensor(self._noise[0]),
            "signal": torch.tensor(self._noise[1]),
            "sketch": self._sketch.sketch(weights).float().cpu(),
        }
        follows = bool(self._before) and int(self._before["step"]) == self._step - 1
        for name, vector in now.items():
            row[f"{name}_norm"] = updates.layer_norms(vector, self._sizes).float().cpu()
            turned = updates.cosine(vector, self._before[name]) if follows else float("nan")
            row[f"{name}_cosine"] = torch.tensor(turned)
        steps = updates.effective_step(self._optimizer, self._parameters)
        if steps is not None:
            quantiles = torch.tensor(QUANTILES, device=steps.device)
            watched = steps[self._watched.to(steps.device)].float()
            row["effective_step"] = watched.quantile(quantiles).cpu()
        return row

    @staticmethod
    def _flat(parts: Iterator[Tensor | None] | list[nn.Parameter]) -> Tensor:
        return torch.cat([p.detach().reshape(-1) for p in parts if p is not None])

    def summary(self) -> dict[str, float]:
        """Means over the samples since `state` was asked, as metrics; what has none is left out."""
        if not self._rows:
            return {}
        rows = {name: torch.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        total = {n: rows[f"{n}_norm"].norm(dim=1) for n in ("gradient", "update", "weight")}
        means = {
            "gradient_norm": total["gradient"].mean(),
            "update_norm": total["update"].mean(),
            "update_ratio": (total["update"] / total["weight"]).mean(),
            "gradient_cosine": rows["gradient_cosine"].nanmean(),
            "update_cosine": rows["update_cosine"].nanmean(),
        }
        ratios = (rows["update_norm"] / rows["weight_norm"]).mean(0)
        means |= {f"update_ratio_{n}": r for n, r in zip(self.layers, ratios, strict=True)}
        if "effective_step" in rows:
            means["effective_step"] = rows["effective_step"][:, QUANTILES.index(0.5)].mean()
        measured = ~rows["noise"].isnan()
        scale = noise_scale(rows["noise"][measured], rows["signal"][measured])
        summary = {f"updates/{name}": value.item() for name, value in means.items()}
        if scale is not None:
            summary["updates/noise_scale"] = scale
        return {name: value for name, value in summary.items() if np.isfinite(value)}

    def state(self) -> dict[str, dict[str, Tensor]]:
        """All samples so far, and what the next step is compared with."""
        if self._rows:
            new = {name: torch.stack([row[name] for row in self._rows]) for name in self._rows[0]}
            old = self._samples
            self._samples = {n: torch.cat([old[n], v]) if old else v for n, v in new.items()}
            self._rows = []
        return {"samples": self._samples, "before": self._before}

    def save(self, folder: Path, batch_size: int) -> None:
        """Leave the samples as `Updates`, if there are any.

        batch_size: images of a step.
        """
        if not self._samples:
            return
        arrays = {name: values.numpy() for name, values in self._samples.items()}
        if "effective_step" in arrays:
            arrays["effective_step_quantiles"] = np.array(QUANTILES)
        layers, weights = tuple(self.layers), sum(self._sizes)
        Updates(layers=layers, batch_size=batch_size, weights=weights, **arrays).save(folder)
