"""The three-layer CNN of question 3: against the plain loop, a bare step, and itself unwatched.

Width 32, two classes, fp32, CPU; blobs as JPEG files of 96 px, which both sides read. Ours:
`trainables.cnn` through `service.execution.run_trial`. The plain loop, as a tutorial writes it:
ImageFolder and DataLoader without workers, Resize, ToTensor and Normalize, PyTorch's default memory
format, torch.optim.SGD as it comes, loss.item() added up each step. Both train on the same images
from the same initial weights, each in an order of its own; the benchmark breaks off if one side has
not learnt by the end. One-image SGD runs on one core on every side, as a trial books it;
mini-batches on all cores.

Inside the timer, ours: drawing the order, cutting batches out of a memory-mapped file, normalising,
the steps, running loss and accuracy, heartbeats, and looking at some of the steps, as often as in
an epoch of Dogs-vs-Cats (15,750 train images; 50 looks by default): at one step in 315, or one
batch of 64 in four. The plain loop: shuffling, decoding, resizing, normalising, the steps. A bare
step: zero_grad, forward, backward and our optimiser's step, on one normalised image that is there
already, in our memory format. Outside: making the files, decoding them into our cache (`cache`
measures that), listing the folder, building, validation, the checkpoint, the first epoch.

Looking at updates: epochs that look at 50 of 200 steps against epochs that look at none; 64 images
of 32 px a step, since at 64 px the same looks fall on steps four times as long, and Adam, at which
there is most to look.

The sides take turns epoch by epoch.

    python -m benchmarks.cnn [--repeats N]
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.pictures import write_folder
from images.augmentation import IMAGENET_MEAN, IMAGENET_STD, normalize
from models.cnn import CNN
from service.capacity import this_machine
from service.execution import run_trial
from trainables import cnn
from trainables.training.randomness import derive

REPEATS = 3
CLASSES, TRAIN, VAL, TEST, SIDE = ("a", "b"), 6400, 8, 10, 96  # images a class
SIGNAL = 0.3  # how strong a class's pattern is, where the noise has 1
DOGS_VS_CATS = 15_750  # its train images
LEARNT = 0.65  # cross-entropy; that of guessing is 0.693


class Epoch(NamedTuple):
    """Seconds of a pass over the train images, and the mean loss on the way."""

    seconds: float
    loss: float


def write_images(place: Path) -> None:
    """JPEG files, as folder:PATH has them."""
    counts = {"train": TRAIN + VAL, "test": TEST}
    write_folder(place, CLASSES, counts, grains=6, signal=SIGNAL, side=SIDE, ending=".jpg")


def chosen(place: Path, steps: int, batch_size: int, **others: Any) -> cnn.Settings:
    """Settings whose epochs have so many steps and are looked at as often as a study's."""
    every = cnn.Settings(batch_size=batch_size).every(DOGS_VS_CATS)
    return cnn.Settings(
        dataset=f"folder:{place}", data_dir=str(place), val_fraction=VAL / (TRAIN + VAL),
        images_per_class=steps * batch_size // len(CLASSES), batch_size=batch_size,
        update_samples=steps // every, epochs=10_000, **others,
    )  # fmt: skip


def ours(settings: cnn.Settings, folder: Path, threads: int) -> Iterator[Epoch]:
    """A trial's epochs."""
    trial = run_trial(
        cnn.train, settings, folder,
        seed=0, threads=threads, gpus=0, metric="val/accuracy", mode="max",
    )  # fmt: skip
    for line in trial:
        yield Epoch(line["time/train_seconds"], line["train/loss"])


def initial(settings: cnn.Settings) -> CNN:
    """The network as a trial of seed 0 starts with it."""
    seed = derive(0, 0, "weights")
    return CNN(len(CLASSES), settings.image_size, settings.width, seed).train()


def plain(settings: cnn.Settings, place: Path) -> Iterator[Epoch]:
    """Epochs of the plain loop."""
    views = [
        transforms.Resize(settings.image_size),
        transforms.ToTensor(),
        transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
    rows = settings.load(0).train.rows
    assert rows is not None
    files = ImageFolder(str(place / "train"), transforms.Compose(views))
    # Both list files by name, but in the store test comes before train.
    part = Subset(files, (rows - TEST * len(CLASSES)).tolist())
    loader = DataLoader(part, settings.batch_size, shuffle=True, num_workers=0)
    net = initial(settings).to(memory_format=torch.contiguous_format)
    optimizer = torch.optim.SGD(net.parameters(), settings.lr)
    while True:
        started, total = time.perf_counter(), 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = cross_entropy(net(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield Epoch(time.perf_counter() - started, total / len(loader))


def bare(settings: cnn.Settings, steps: int) -> Iterator[Epoch]:
    """As many steps as an epoch has, on one image."""
    train, net = settings.load(0).train, initial(settings)
    inputs = normalize(torch.from_numpy(train.take(slice(0, 1))))
    labels = torch.from_numpy(train.labels[:1])
    optimizer = settings.optimizer_of(net.parameters(), len(train))
    while True:
        started = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(net(inputs), labels)
            loss.backward()
            optimizer.step()
        yield Epoch(time.perf_counter() - started, loss.item())


def taking_turns(sides: dict[str, Iterator[Epoch]], repeats: int) -> dict[str, list[float]]:
    """Seconds of the epochs after the first.

    Raises RuntimeError if a side has not learnt.
    """
    by_side = in_turn({name: partial(next, it) for name, it in sides.items()}, repeats + 1)
    for name, epochs in by_side.items():
        # Not "> LEARNT", which NaN would pass.
        if not epochs[-1].loss < LEARNT:
            losses = [round(epoch.loss, 3) for epoch in epochs]
            raise RuntimeError(f"The loss of {name} must fall below {LEARNT}; got {losses}.")
    return {name: [epoch.seconds for epoch in epochs[1:]] for name, epochs in by_side.items()}


def measure(repeats: int) -> list[Figure]:
    """Epochs against the plain loop, a step against a bare one, and what looking at steps costs."""
    plainly, step, none = "the plain loop", "a bare step", "looking at none"
    cores = int(this_machine().cpus)
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_images(place)

        torch.set_num_threads(1)
        one = chosen(place, steps := 320, 1, optimizer="sgd", lr=0.003)
        sides = {"ours": ours(one, place / "one", 1), plainly: plain(one, place)}
        single = taking_turns(sides | {step: bare(one, steps)}, repeats)
        own, ready = ([1000 * seconds / steps for seconds in single[n]] for n in ("ours", step))
        more = median(a - b for a, b in zip(own, ready, strict=True))

        torch.set_num_threads(cores)
        mini = chosen(place, 20, 64, optimizer="sgd", lr=0.03)
        sides = {"ours": ours(mini, place / "mini", cores), plainly: plain(mini, place)}
        batches = taking_turns(sides, repeats)

        looking = chosen(place, 200, 64, optimizer="adam", image_size=32)
        blind = ours(looking.model_copy(update={"update_samples": 0}), place / "blind", cores)
        sides = {"ours": ours(looking, place / "looking", cores), none: blind}
        looks = taking_turns(sides, repeats)
    return [
        compared("one-image SGD, 320 images of 64 px", single, plainly, 1 / 1.1),
        Figure(f"a step of that ({more:+.2f} ms)", "ms", own, step, ready),
        compared("20 batches of 64, 64 px", batches, plainly, 1 / 1.15),
        compared("200 batches of 64, 32 px, looking at 50", looks, none, 1.05),
    ]


def compared(what: str, seconds: dict[str, list[float]], other: str, limit: float) -> Figure:
    """Seconds of ours and of the other side, with the most that their ratio may be."""
    return Figure(what, "s", seconds["ours"], other, seconds[other], Target("ratio", "<=", limit))


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
