"""What a frozen network makes of the images, computed once and shared by every trial of a machine.

Features are what a stage of the untouched network gives in inference for an image without
augmentation: they depend on the data set, the architecture, the weights (or, without any, the seed
that draws them), the stage and the size, and on nothing else that a trial varies. Nine support
vector machines thus cost one pass over the images, and a trial that trains only the end of a
network starts from what its frozen beginning gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from images.cache import FORMAT
from trainables.backbone_settings import BackboneSettings
from trainables.features.row_store import Rows, RowStore
from trainables.protocol import Progress
from trainables.training.randomness import derive

if TYPE_CHECKING:
    from images import Images, Splits
    from models.backbones import Backbone


BATCH = 64  # images in a pass


def untouched(settings: BackboneSettings, seed: int) -> Backbone:
    """The network that the weights were saved from, head included, on the CPU in inference mode.

    Without weights: the network as `seed` draws it, with 1,000 outputs as ImageNet's. Weights
    without a head get one with a single output, which nobody takes for a classifier.
    """
    from models import backbones

    state = settings.state_dict()
    classes = 1000 if state is None else len(state["fc.weight"]) if "fc.weight" in state else 1
    initial = derive(seed, 0, "weights")
    model, _ = backbones.build(
        settings.model, classes, stem=settings.stem, weights=state, seed=initial
    )
    return model.eval()


def rows_of(*parts: Images) -> Rows:
    """The rows of the data set that hold these images, int64, in their order."""
    return np.concatenate([np.arange(len(p)) if p.rows is None else p.rows for p in parts])


def store(
    settings: BackboneSettings, splits: Splits, model: Backbone, stage: str, seed: int, dtype: str
) -> RowStore:
    """Where the features after `stage` are kept; computes nothing.

    stage: one of `models.stages.STAGES`.
    seed: of the trial; it decides the features where the network is drawn.
    dtype: "float32", or "float16" for half the disk.
    """
    from models import stages
    from models import weights as weight_files

    digest = weight_files.digest(settings.weights, settings.model)
    identity = {
        "dataset": splits.info.name,
        "fingerprint": splits.info.fingerprint,
        "decoding": FORMAT,
        "image_size": settings.image_size,
        "model": settings.model,
        "stem": settings.stem,
        # Without weights the network is drawn: another seed is another network.
        "weights": digest if digest != "none" else f"none, seed {seed}",
        "stage": stage,
    }
    if settings.stem == "small":  # made of a stock one, which is not in the weights' digest
        conv1 = model.get_parameter("conv1.weight").detach().cpu().numpy().tobytes()
        identity["conv1"] = hashlib.sha256(conv1).hexdigest()[:16]
    classes = model.fc.out_features
    shape = stages.shape(settings.model, settings.stem, settings.image_size, stage, classes)
    name = f"{settings.model}-{stage}-{settings.image_size}"
    total = len(splits.train.store)
    return RowStore(settings.data_folder / "cache", name, identity, total, shape, dtype)


def fetch(
    settings: BackboneSettings,
    splits: Splits,
    model: Backbone,
    stage: str,
    rows: Rows,
    *,
    seed: int,
    device: str,
    dtype: str = "float32",
    progress: Progress | None = None,
) -> NDArray[Any]:
    """The features after `stage`, (M, ...) by row of the data set, memory-mapped, valid at `rows`.

    Those that no process has computed yet are computed here, with `model` (see `untouched`), which
    is moved to `device`.

    stage, seed, dtype: as in `store`.
    rows: int64, as `rows_of` gives them.

    Raises ValueError, one sentence, if the disk is too small.
    """
    import torch

    from images.batches import normalize
    from models import stages

    kept = store(settings, splits, model, stage, seed, dtype)
    if len(kept.missing(rows)):
        model = model.to(device).to(memory_format=torch.channels_last)
    until = stages.STAGES[: stages.STAGES.index(stage) + 1]

    @torch.no_grad()
    def compute(block: Rows) -> NDArray[Any]:
        # All batches have one size, the last filled up: another size is rounded otherwise, and an
        # image's features must not depend on which others were missing.
        filled = np.resize(block, -(-len(block) // BATCH) * BATCH)
        features = []
        for batch in np.split(filled, len(filled) // BATCH):
            pixels = torch.from_numpy(splits.train.store[batch]).to(device)
            features.append(stages.forward(model, normalize(pixels), until).cpu())
        return torch.cat(features)[: len(block)].contiguous().numpy()

    with full_precision():
        values = kept.fetch(rows, compute, progress)
    if device != "cpu":
        torch.cuda.empty_cache()  # trials book the accelerator's memory
    return values


@contextmanager
def full_precision() -> Iterator[None]:
    """Within it an accelerator comes as near as it can to what a CPU computes."""
    import torch

    cudnn = torch.backends.cudnn  # whose flags switch it off unless they are told not to
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def pooled(
    settings: BackboneSettings,
    splits: Splits,
    model: Backbone,
    *parts: Images,
    seed: int,
    device: str,
    progress: Progress | None = None,
) -> list[NDArray[np.float32]]:
    """What the head of the network is given, (N, D) for the N images of each of `parts`.

    As `fetch` gives it, and with its errors.
    """
    values = fetch(
        settings, splits, model, "avgpool", rows_of(*parts),
        seed=seed, device=device, progress=progress,
    )  # fmt: skip
    return [values[rows_of(part)] for part in parts]


def outputs(model: Backbone, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (N, outputs) that the head of an untouched network makes of features (N, D).

    pooled: what it is given, the features after "avgpool".
    """
    import torch

    with torch.no_grad():
        logits: NDArray[np.float32] = model.fc.cpu()(torch.from_numpy(pooled)).numpy()
    return logits


def device() -> str:
    """Where whoever prepares a run extracts: on a GPU if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
