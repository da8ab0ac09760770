"""Fine-tuning behind a frozen beginning: epochs that start from its kept output, against the whole.

A random ResNet-18 with its head, or layer4 and head, trained on 640 blob images of 96 px (see
`shared_features`), batch 64, fp32, all cores of the CPU. Ours: `trainables.finetune` through
`service.execution.run_trial`. The plain loop: frozen parameters with requires_grad off, their
batch-norms in inference mode, the whole network forward in every step, PyTorch's default format,
normalised float images in memory. It has the same initial values, batches, optimiser and schedule;
the benchmark breaks off if its losses are others.

Inside the timer: a pass over the train images; ours times it itself (time/train_seconds), with
running accuracy and heartbeats. "To the next": also validation (70 images), and with ours the
checkpoint. Outside: making the files, extracting, building, the first epoch. The sides take turns
epoch by epoch.

Predicted saving: what a trial measures as time/epoch_saving, against our own epochs with
--prefix-cache off divided by those with it. Extracting: the prefix of train and validation images,
against what an epoch then saves from one to the next: the ratio is the number of epochs after which
it has paid.

    python -m benchmarks.frozen_prefix [--repeats N]
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import torch
import torchvision
from torch.nn.functional import cross_entropy

from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.shared_features import write_stl10, write_weights
from images.augmentation import normalize
from images.batches import shuffled_batches
from images.splits import Images
from models.heads import head
from service.capacity import this_machine
from service.execution import run_trial
from trainables import finetune
from trainables.features import extraction
from trainables.training.randomness import derive, generator
from trainables.training.schedule import one_cycle

REPEATS = 3
SIZE, TRAIN, VAL, TEST = 96, 64, 7, 10  # images a class
TARGETS = {"nothing": 1 / 20, "layer4": 1 / 1.4}  # by what is trained besides the head


class Epoch(NamedTuple):
    """Seconds of the pass over train, and to the next epoch; ours also: what the trial says."""

    train: float
    whole: float
    loss: float
    saving: float = 1.0


def ours(settings: finetune.Settings, folder: Path, threads: int) -> Iterator[Epoch]:
    """A trial's epochs."""
    trial = run_trial(
        finetune.train, settings, folder,
        seed=0, threads=threads, gpus=0, metric="val/accuracy", mode="max",
    )  # fmt: skip
    while True:
        started = time.perf_counter()
        line = next(trial)
        whole = time.perf_counter() - started
        saving = line.get("time/epoch_saving", 1.0)
        yield Epoch(line["time/train_seconds"], whole, line["train/loss"], saving)


def plain(settings: finetune.Settings) -> Iterator[Epoch]:
    """Epochs of the plain loop."""
    splits = settings.load(0)
    (inputs, labels), (val_inputs, val_labels) = map(in_memory, (splits.train, splits.val))
    net = torchvision.models.resnet18()
    net.load_state_dict(torch.load(settings.weights))
    net.requires_grad_(False)
    net.fc = head("linear", 512, len(splits.train.classes), derive(0, 0, "head"))
    groups = [{"params": list(net.fc.parameters())}]
    rates = [settings.lr, settings.body_lr]
    if settings.unfreeze == "layer4":
        net.layer4.requires_grad_(True)
        groups.append({"params": list(net.layer4.parameters())})
    optimizer = torch.optim.SGD(
        groups, settings.lr, settings.momentum, weight_decay=settings.weight_decay, nesterov=True
    )
    for epoch in range(1, settings.epochs + 1):
        started, total = time.perf_counter(), 0.0
        net.train()
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d) and not module.weight.requires_grad:
                module.eval()
        order = generator(0, epoch, "order")
        batches = shuffled_batches(len(labels), settings.batch_size, order)
        for i, index in enumerate(batches):
            elapsed = (epoch - 1 + i / len(batches)) / settings.epochs
            for group, rate in zip(optimizer.param_groups, rates, strict=False):
                group["lr"] = rate * one_cycle(elapsed)
            loss = cross_entropy(net(inputs[index]), labels[index])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += len(index) * loss.item()
        train = time.perf_counter() - started
        net.eval()
        with torch.no_grad():
            (net(val_inputs).argmax(1) == val_labels).float().mean().item()
        yield Epoch(train, time.perf_counter() - started, total / len(labels))


def in_memory(part: Images) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised images (N, 3, H, W) and labels (N,)."""
    return normalize(torch.from_numpy(part.pixels)).contiguous(), torch.from_numpy(part.labels)


def extraction_seconds(settings: finetune.Settings) -> float:
    """Seconds until the prefix of train and validation images is on disk."""
    splits, model = settings.load(0), extraction.untouched(settings, 0)
    rows = extraction.rows_of(splits.train, splits.val)
    started = time.perf_counter()
    extraction.fetch(settings, splits, model, settings.prefix()[-1], rows, seed=0, device="cpu")
    return time.perf_counter() - started


def compared(place: Path, weights: Path, unfreeze: str, repeats: int) -> list[Figure]:
    """The figures of one choice of what is trained."""

    def chosen(cache: Literal["float32", "off"]) -> finetune.Settings:
        return finetune.Settings(
            dataset="stl10", data_dir=str(place), image_size=SIZE, weights=str(weights),
            unfreeze=unfreeze, prefix_cache=cache, epochs=repeats + 1,
        )  # fmt: skip

    kept, off, threads = chosen("float32"), chosen("off"), int(this_machine().cpus)
    extracting = extraction_seconds(kept)
    trials = {
        "ours": ours(kept, place / f"{unfreeze} kept", threads),
        "plain": plain(kept),
        "off": ours(off, place / f"{unfreeze} off", threads),
    }
    by_side = in_turn({name: partial(next, it) for name, it in trials.items()}, repeats + 1)
    for name, epochs in by_side.items():
        for own, other in zip(by_side["ours"], epochs, strict=True):
            if not math.isclose(own.loss, other.loss, rel_tol=0.01, abs_tol=0.01):
                raise RuntimeError(f"Losses must agree; got {own.loss} and, {name}, {other.loss}.")
    own, other, whole = (epochs[1:] for epochs in by_side.values())
    saving = [a.train / b.train for a, b in zip(whole, own, strict=True)]
    saved = median(a.whole - b.whole for a, b in zip(whole, own, strict=True))
    what = "head" if unfreeze == "nothing" else f"{unfreeze} and head"
    return [
        Figure(
            f"epoch, {what}", "s", [e.train for e in own], "the plain loop",
            [e.train for e in other], Target("ratio", "<=", TARGETS[unfreeze]),
        ),
        Figure(
            f"to the next, {what}", "s", [e.whole for e in own], "the plain loop",
            [e.whole for e in other],
        ),
        Figure(
            f"predicted saving, {what}", "times", [e.saving for e in own], "measured", saving,
            Target("ratio", "1 +-", 0.25),
        ),
        Figure(f"extracting, {what}", "s", [extracting], "saved an epoch", [saved]),
    ]  # fmt: skip


def measure(repeats: int) -> list[Figure]:
    """Seconds an epoch, the saving as trials predict it, and when extracting has paid."""
    torch.set_num_threads(int(this_machine().cpus))
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_stl10(place, TRAIN + VAL, TEST)
        weights = write_weights(place)
        return [
            figure for unfreeze in TARGETS for figure in compared(place, weights, unfreeze, repeats)
        ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
