"""An epoch of ResNet-18 at 64 px: against the plain loop, and against batches already there.

Every step trains a ResNet-18 on 64 images of 64 px (SGD with momentum, fp32, all cores). Inside the
timer, ours: `to_device` on a memory-mapped file, drawing PxK batches, cutting, crop and flip,
normalising, the step in channels-last format. The plain loop, as torchvision's tutorials write it:
ImageFolder and DataLoader without workers, the same views, over the same images as JPEG files, and
the step in PyTorch's default format. Batch already there: our steps on one normalised float batch.
Outside: making the images, building the nets, two warm-up steps each. The sides take turns step by
step, so that a slow moment of the machine hits all of them. The images are random blobs, and the
files stay in memory: a step's time does not depend on content.

    python -m benchmarks.data_path [--repeats N]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.figures import Figure, Target, main
from images.batches import IMAGENET_MEAN, IMAGENET_STD, PKSampler, augment, normalize, to_device
from images.splits import Images
from models import resnet
from service.capacity import this_machine

REPEATS = 3
CLASSES, PER_CLASS, SIZE, BATCH = 20, 64, 64, 64
STEPS = CLASSES * PER_CLASS // BATCH
Batch = tuple[Tensor, Tensor]


def write_images(place: Path) -> Images:
    """Blobs in the memory-mapped layout of our cache, and as place/jpeg/<class>/<n>.jpg."""
    random = np.random.default_rng(0)
    shape = (CLASSES * PER_CLASS, 3, SIZE, SIZE)
    store = np.lib.format.open_memmap(place / "pixels.npy", "w+", np.uint8, shape)
    labels = np.repeat(np.arange(CLASSES), PER_CLASS)
    for number, label in enumerate(labels):
        blobs = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
        picture = blobs.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        store[number] = np.asarray(picture).transpose(2, 0, 1)
        folder = place / "jpeg" / f"{label:02}"
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{number}.jpg", quality=90)
    store.flush()
    pixels = np.load(place / "pixels.npy", mmap_mode="c").view(np.ndarray)
    return Images(pixels, labels, tuple(f"{label:02}" for label in range(CLASSES)))


def ours(images: Images) -> Iterator[Batch]:
    """An epoch as `trainables.embedding` draws it."""
    data, views = to_device(images, "cpu"), torch.Generator().manual_seed(0)
    order = torch.Generator().manual_seed(1)
    for index in PKSampler(torch.from_numpy(images.labels), 8, 8, generator=order):
        pixels, labels = data.batch(index)
        yield normalize(augment(pixels, "crop_flip", views)), labels


def image_folder(place: Path) -> Iterator[Batch]:
    """An epoch as torchvision's tutorials draw it."""
    views = [
        transforms.RandomCrop(SIZE, padding=4, padding_mode="reflect"),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
    files = ImageFolder(str(place / "jpeg"), transforms.Compose(views))
    yield from DataLoader(files, BATCH, shuffle=True, num_workers=0)


def trainer(memory_format: torch.memory_format) -> Callable[[Batch], None]:
    """One training step."""
    net = resnet.build("resnet18", CLASSES)[0].to(memory_format=memory_format).train()
    optimizer = torch.optim.SGD(net.parameters(), 0.01, 0.9)

    def step(batch: Batch) -> None:
        pixels, labels = batch
        optimizer.zero_grad(set_to_none=True)
        cross_entropy(net(pixels), labels).backward()
        optimizer.step()

    return step


def epoch(sides: dict[str, tuple[Iterator[Batch], Callable[[Batch], None]]]) -> dict[str, float]:
    """Seconds of an epoch by side, and under "SIDE, drawing" what its batches alone took."""
    seconds = dict.fromkeys([*sides, *(f"{name}, drawing" for name in sides)], 0.0)
    for number in range(STEPS):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            batches, step = sides[name]
            started = time.perf_counter()
            batch = next(batches)
            seconds[f"{name}, drawing"] += time.perf_counter() - started
            step(batch)
            seconds[name] += time.perf_counter() - started
    return seconds


def measure(repeats: int) -> list[Figure]:
    """Seconds an epoch against the plain loop and ready batches, and of drawing batches alone."""
    torch.set_num_threads(int(this_machine().cpus))
    with TemporaryDirectory() as folder:
        images, place = write_images(Path(folder)), Path(folder)
        step, plain_step = trainer(torch.channels_last), trainer(torch.contiguous_format)
        ready, plain = next(ours(images)), next(image_folder(place))
        for _ in range(2):
            step(ready)
            plain_step(plain)
        epochs = [
            epoch(
                {
                    "ours": (ours(images), step),
                    "ready": (repeat(ready), step),
                    "plain": (image_folder(place), plain_step),
                }
            )
            for _ in range(repeats)
        ]
    by_side = {name: [seconds[name] for seconds in epochs] for name in epochs[0]}
    steps, other = f"{STEPS} steps", "the plain loop"
    drawn = by_side["ours, drawing"], "ImageFolder + DataLoader", by_side["plain, drawing"]
    ready_target, plain_target = Target("ratio", "<=", 1.05), Target("ratio", "<=", 1 / 1.15)
    return [
        Figure(steps, "s", by_side["ours"], other, by_side["plain"], plain_target),
        Figure(steps, "s", by_side["ours"], "batch already there", by_side["ready"], ready_target),
        Figure(f"drawing {STEPS} batches", "s", *drawn),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
