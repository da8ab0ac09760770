"""Question 1's nine SVMs (kernel x scaling) with shared features, against nine plain scripts.

A tenth of STL-10, made here: 500 train images, of which 50 are validation, and 800 test images, of
blobs in a pattern of their class, 96 px, in the layout of its binary files; and a ResNet-18 with
random weights in a file. Both sides read these, on the CPU, with all cores.

Inside the timer of the first figure, ours: `python -m studies.q1_svm --only kernel --C 1 --seeds 1`
as a user types it, with an empty cache: starting, decoding, extracting, Ray, MLflow, nine trials,
the page. The other: nine times `plain_svm.py`, a process each, one after the other. Outside: making
the files, choosing the train images, which are the same on both sides. By part: ours extracts once,
with validation; in its trials a machine also decides on train and validation.

The SVM part alone: on those features, one process, one core as a trial books it, all nine, three
times a repeat: scaling, Gram matrices, fit and decision values of test, against fit and predict of
a scikit-learn pipeline. The larger case has as many rows as STL-10, made at random, and only one
kernel, rbf with standard scaling.

Test accuracies are those of this part, on the same features. SVC(break_ties=True) gives a tie of
one-against-one votes to the class with the larger margins, which is what decides here, too; SVC by
default gives it to the class that comes first, and with few train images ties are common.

    python -m benchmarks.shared_features [--repeats N]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import images
from benchmarks import plain_svm
from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.pictures import blob
from benchmarks.processes import python
from images.augmentation import normalize
from images.stl10 import CLASSES
from models import resnet
from trainables.features import svm

REPEATS = 1
SIDE, TRAIN, TEST = 96, 50, 80  # images a class
SIGNAL = 0.8  # how strong a class's pattern is, where the noise has 1
CELLS = list(product(("linear", "rbf", "poly"), ("none", "standard", "minmax")))
LARGE = [("rbf", "standard")]


class Data(NamedTuple):
    """Features (N, D) and labels (N,) of both parts."""

    train: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]


class Outcome(NamedTuple):
    """Of the nine cells: seconds in all and by part."""

    seconds: float
    extract: float
    svm: float


class Decided(NamedTuple):
    """Seconds until test is decided in every cell, and the accuracies in percent.

    by_margins: with ties of votes given to the larger margins.
    """

    seconds: float
    accuracy: list[float]
    by_margins: list[float]


def write_stl10(place: Path, train: int, test: int) -> None:
    """place/stl10_binary with so many images a class: noise in a pattern of the class."""
    folder, random = place / "stl10_binary", np.random.default_rng(0)
    folder.mkdir()
    (folder / "class_names.txt").write_text("\n".join(CLASSES))
    patterns = random.normal(size=(len(CLASSES), 6, 6, 3))
    for part, count in (("train", train), ("test", test)):
        labels = random.permutation(np.repeat(np.arange(len(CLASSES)), count))
        with (folder / f"{part}_X.bin").open("wb") as file:
            for label in labels:
                picture = np.asarray(blob(random, patterns[label], SIGNAL, SIDE))
                file.write(picture.transpose(2, 1, 0).tobytes())
        (folder / f"{part}_y.bin").write_bytes((labels + 1).astype(np.uint8).tobytes())


@torch.no_grad()
def write_weights(place: Path) -> Path:
    """A random ResNet-18 whose batch-norms know the images, as those of trained weights do."""
    pixels, _ = plain_svm.read(place / "stl10_binary", "train")
    model, _ = resnet.build("resnet18", 1000)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()(normalize(torch.tensor(pixels[:256])))
    torch.save(model.state_dict(), place / "weights.pt")
    return place / "weights.pt"


def ours(weights: Path) -> Outcome:
    """The study's command, with data folder and output of its own."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_stl10(place, TRAIN, TEST)
        seconds, _ = python(
            *("-m", "studies.q1_svm", "--only", "kernel", "--C", "1", "--seeds", "1"),
            *("--model", "resnet18"),
            *("--weights", weights, "--data-dir", place, "--output", place / "outputs"),
        )
        (entry,) = (place / "cache").glob("resnet18-avgpool-*/")
        begin, end = (entry / name for name in ("meta.json", "done.npy"))
        extract = end.stat().st_mtime - begin.stat().st_mtime  # written first, and last
        (results,) = (place / "outputs" / "q1_svm").glob("*/results.json")
        trials = json.loads(results.read_text())["trials"]
    by_cell = {tuple(t["settings"][k] for k in ("kernel", "scaling")): t["metrics"] for t in trials}
    svm_seconds = sum(m["time/gram_seconds"] + m["time/fit_seconds"] for m in by_cell.values())
    return Outcome(seconds, extract, svm_seconds)


def plain(place: Path, weights: Path) -> Outcome:
    """Nine scripts."""
    files = place / "stl10_binary", place / "rows.npy", weights
    ended = [python(plain_svm.__file__, *files, *cell) for cell in CELLS]
    printed = [json.loads(script.printed) for script in ended]
    extract, svm_seconds = (sum(of[name] for of in printed) for name in ("extract", "svm"))
    return Outcome(sum(script.seconds for script in ended), extract, svm_seconds)


def percent(predicted: NDArray[np.int64], data: Data) -> float:
    """How much of test is right."""
    return 100 * float((predicted == data.test_labels).mean())


def our_machines(data: Data, cells: Iterable[tuple[Any, Any]]) -> Decided:
    """As a trial has them."""
    predicted, started = [], time.perf_counter()
    for kernel, scaling in cells:
        sets = svm.scaled({"train": data.train, "test": data.test}, scaling)
        grams = svm.grams(sets, svm.Kernel(kernel))
        machine = svm.fit(grams["train"], data.train_labels, C=1.0)
        predicted.append(svm.decide(machine, grams["test"], len(CLASSES)).argmax(1))
    seconds = time.perf_counter() - started
    accuracy = [percent(of_cell, data) for of_cell in predicted]
    return Decided(seconds, accuracy, accuracy)


def plain_machines(data: Data, cells: Iterable[tuple[str, str]]) -> Decided:
    """The same with SVC's own kernels."""
    machines, predicted, started = [], [], time.perf_counter()
    for kernel, scaling in cells:
        machine = plain_svm.pipeline(kernel, scaling).fit(data.train, data.train_labels)
        predicted.append(machine.predict(data.test))
        machines.append(machine)
    seconds = time.perf_counter() - started
    by_margins = []
    for machine in machines:
        machine[-1].break_ties = True
        by_margins.append(percent(machine.predict(data.test), data))
    return Decided(seconds, [percent(of_cell, data) for of_cell in predicted], by_margins)


def machines(data: Data, cells: list[tuple[str, str]], repeats: int) -> dict[str, list[Decided]]:
    """Both sides, on one core."""
    sides: dict[str, Callable[[], Decided]] = {
        "ours": lambda: our_machines(data, cells),
        "plain": lambda: plain_machines(data, cells),
    }
    with threadpool_limits(1):
        return in_turn(sides, repeats)


def extracted(place: Path, weights: Path) -> Data:
    """The features that both sides classify."""
    model, folder = plain_svm.backbone(weights), place / "stl10_binary"
    train, train_labels = plain_svm.read(folder, "train")
    test, test_labels = plain_svm.read(folder, "test")
    rows = np.load(place / "rows.npy")
    train_part = plain_svm.extract(model, train[rows]), train_labels[rows]
    return Data(*train_part, plain_svm.extract(model, test), test_labels)


def large() -> Data:
    """As many rows as STL-10 has, of 512 features: positive, correlated, classes overlapping."""
    random = np.random.default_rng(0)
    means = random.normal(size=(len(CLASSES), 40))
    mixing = random.normal(size=(40, 512)) / np.sqrt(40)

    def part(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        labels = random.integers(0, len(CLASSES), count)
        hidden = 0.5 * means[labels] + random.normal(size=(count, 40))
        values = hidden @ mixing + 0.3 * random.normal(size=(count, 512))
        return np.maximum(values, 0).astype(np.float32), labels

    return Data(*part(4500), *part(8000))


def measure(repeats: int) -> list[Figure]:
    """Nine trials as a whole and by part, the SVM part alone, and the accuracies."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_stl10(place, TRAIN, TEST)
        weights = write_weights(place)
        rows = images.load("stl10", data_dir=place, image_size=SIDE).train.rows
        assert rows is not None
        np.save(place / "rows.npy", rows - TEST * len(CLASSES))  # the store begins with test
        data = extracted(place, weights)
        alone = machines(data, CELLS, 3 * repeats)
        larger = machines(large(), LARGE, repeats)
        by_side = in_turn(
            {"ours": lambda: ours(weights), "plain": lambda: plain(place, weights)}, repeats
        )
    own, other, scripts = by_side["ours"], by_side["plain"], "nine plain scripts"

    def both(part: Callable[[Outcome], float]) -> tuple[list[float], str, list[float]]:
        return [part(outcome) for outcome in own], scripts, [part(outcome) for outcome in other]

    return [
        Figure("nine trials", "s", *both(lambda o: o.seconds), Target("ratio", "<=", 1 / 3)),
        Figure("of that, extracting", "s", *both(lambda o: o.extract)),
        Figure("of that, SVMs", "s", *both(lambda o: o.svm)),
        *decided("nine SVMs alone", alone, Target("ratio", "<=", 0.5)),
        *decided("one on 4,500 x 512, alone", larger, None),
    ]


def decided(what: str, sides: dict[str, list[Decided]], target: Target | None) -> list[Figure]:
    """Seconds, and the accuracies of the cell in which they differ most, with ties and without."""
    own, other = sides["ours"], sides["plain"]

    def worst(name: str, of: Callable[[Decided], list[float]], goal: Target | None) -> Figure:
        pairs = [
            max(zip(of(a), of(b), strict=True), key=lambda pair: abs(pair[0] - pair[1]))
            for a, b in zip(own, other, strict=True)
        ]
        about = f"{what}: test accuracy where it differs most"
        return Figure(about, "%", [a for a, _ in pairs], name, [b for _, b in pairs], goal)

    seconds = [d.seconds for d in own], "scikit-learn's pipeline", [d.seconds for d in other]
    same = Target("difference", "<=", 0.1)
    return [
        Figure(what, "s", *seconds, target),
        worst("SVC(break_ties=True)", lambda d: d.by_margins, same),
        worst("SVC", lambda d: d.accuracy, None),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
