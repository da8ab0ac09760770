"""Start epochs where the frozen beginning of a network ends.

The beginning's output is kept on disk (`trainables.features`); what is left of the network trains
on that. Before a trial trusts the kept values it computes some of them again: that guards against
values that belong to something else, and tells how long the beginning would take.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from images.batches import Loaded, normalize, to_device
from models import stages
from trainables.features import extraction

if TYPE_CHECKING:
    from images import Images, Splits
    from models.backbones import Backbone
    from trainables.backbone_settings import BackboneSettings
    from trainables.protocol import Trial

PROBE = 64  # images computed again
TOLERANCE = 0.01  # of the largest value: another device rounds differently, other weights do more


def saving(settings: BackboneSettings, prefix: Sequence[str], head: float = 1e4) -> float:
    """How many times less an epoch multiplies and adds when the stages `prefix` are not repeated.

    Forward once, and backward twice as much, but only from the first trained stage on.

    head: multiply-additions of the new head for one image.
    """
    work = stages.multiply_adds(settings.model, settings.stem, settings.image_size) | {"fc": head}
    begun = sum(work[stage] for stage in prefix)
    trained = 3 * (sum(work.values()) - begun)
    return (begun + trained) / trained


class Rest(nn.Sequential):
    """The stages after `prefix`, sharing their modules with `model`.

    Takes what the prefix gave, (B, C, H, W) or (B, D), or normalised images (B, 3, H, W) when there
    is no prefix; gives logits (B, classes).
    """

    def __init__(self, model: Backbone, prefix: Sequence[str]) -> None:
        left = stages.STAGES[len(prefix) :]
        super().__init__(*(module for stage in left for module in stages.modules(model, stage)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes)."""
        if x.ndim == 4:
            x = x.to(torch.float32, memory_format=torch.channels_last)
        x = x.float()
        for module in self:
            x = module(x)
        return x


class Start(NamedTuple):
    """What a trial draws its batches from.

    sets: "train", "val" and "test".
    seconds: that the prefix would take for one image here; 0 without a prefix.
    difference: of kept and computed values, as a share of the largest; 0 without a prefix.
    """

    sets: Mapping[str, Loaded | Kept]
    seconds: float
    difference: float


def start(
    settings: BackboneSettings,
    splits: Splits,
    model: Backbone,
    prefix: Sequence[str],
    dtype: str,
    trial: Trial,
) -> Start:
    """The images themselves without a prefix, else what it gives for them.

    Computes what is not kept yet, and moves `model` to the trial's device.

    prefix: the first of `models.stages.STAGES`, all frozen.
    dtype: that values are kept in, "float32" or "float16".

    Raises ValueError, one sentence, if the disk is too small, or if kept values are not those that
    the network gives.
    """
    parts = splits.by_name
    if not prefix:
        return Start({k: to_device(v, trial.device) for k, v in parts.items()}, 0.0, 0.0)
    rows = extraction.rows_of(*parts.values())
    how: dict[str, Any] = {"seed": trial.seed, "device": trial.device, "dtype": dtype}
    kept = extraction.fetch(settings, splits, model, prefix[-1], rows, **how)
    values = torch.from_numpy(kept)
    model.to(trial.device).to(memory_format=torch.channels_last)
    seconds, difference = _probe(model, prefix, splits.test, values, trial.device)
    if not difference <= TOLERANCE:  # of values that are not numbers no comparison holds
        entry = extraction.store(settings, splits, model, prefix[-1], trial.seed, dtype).entry
        raise ValueError(
            f"The kept features must be what the network gives, but differ by {difference:.1%} of "
            f"the largest; delete {entry}."
        )
    sets = {name: Kept(values, part, trial.device) for name, part in parts.items()}
    return Start(sets, seconds, difference)


class Kept:
    """Like `images.batches.Loaded`, for kept values.

    They stay in the mapped file, whose pages all processes share: an accelerator gets a batch at a
    time, since all of them would not fit into a share of its memory.
    """

    def __init__(self, values: Tensor, part: Images, device: str) -> None:
        self._values, self._device = values, device
        self._rows = torch.from_numpy(extraction.rows_of(part))
        self._labels = torch.from_numpy(part.labels)

    def __len__(self) -> int:
        return len(self._labels)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Copies of values (B, ...) and labels (B,) at `index`, int64 (B,) on the CPU."""
        values = self._values.index_select(0, self._rows[index])
        return values.to(self._device), self._labels[index].to(self._device)


@torch.no_grad()
def _probe(
    model: Backbone, prefix: Sequence[str], part: Images, kept: Tensor, device: str
) -> tuple[float, float]:
    """(seconds an image, largest difference) of computing the prefix for some images again."""
    rows = extraction.rows_of(part)[:PROBE]
    pixels = torch.from_numpy(part.store[rows]).to(device)
    model.eval()
    with extraction.full_precision():  # as the kept values were computed
        computed = stages.forward(model, normalize(pixels), prefix)
    for _ in range(1 if device == "cpu" else 2):  # a GPU warms up once more without that
        started = time.monotonic()
        stages.forward(model, normalize(pixels), prefix)
        if device != "cpu":
            torch.cuda.synchronize()
        seconds = time.monotonic() - started
    computed = computed.cpu()
    stored = kept[torch.from_numpy(rows)].float()
    largest = computed.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    return seconds / len(rows), ((computed - stored).abs().max() / largest).item()
