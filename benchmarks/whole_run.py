"""Twelve CNN trials from the command to the page, against what a tutorial would write.

2,000 train images of 32 px as PNG files, of which 200 are validation, and 400 test images, in two
classes; six values of Adam's beta1 with two seeds each, five epochs, batches of 64, width 8; on the
CPU, two trials at once with one core each. Both sides read the same files, train the same network,
measure validation accuracy every epoch and test accuracy at the end, and record in MLflow's SQLite.

Ours: `python -m studies.q3_betas --only beta1` as a user types it, with an empty cache. It also
looks at gradient steps, audits every trial, compares variants, draws the figures and writes the
page. The other (`tutorial`): a Ray Tune function with torchvision's ImageFolder and a DataLoader
without workers, and Ray's MLflowLoggerCallback; it ends with the table that Tune prints.

Inside the timer: the whole process, from starting Python to its exit. Outside: making the files.
The second figure is what of that was no training: the whole, less the seconds of all epochs
shared by two slots. An epoch's seconds are training, validation and the checkpoint; a trial's first
epoch counts as the median of its others, since what it takes longer is importing and loading. The
benchmark breaks off unless all trials of both sides have learnt.

    python -m benchmarks.whole_run [--repeats N]
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.pictures import write_folder
from benchmarks.processes import python

REPEATS = 1
CLASSES, TRAIN, TEST, SIDE = ("a", "b"), 1000, 200, 32  # images a class
BETA1, SEEDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99), 2
EPOCHS, BATCH, WIDTH, SLOTS = 5, 64, 8, 2
SIGNAL = 0.5  # how strong a class's pattern is, where the noise has 1
LEARNT = 0.75  # test accuracy; that of guessing is 0.5


class Outcome(NamedTuple):
    """Seconds of a whole process, and of it those that were no training."""

    whole: float
    no_training: float


def write_images(place: Path) -> None:
    """PNG files, as folder:PATH has them."""
    counts = {"train": TRAIN, "test": TEST}
    write_folder(place, CLASSES, counts, grains=8, signal=SIGNAL, side=SIDE, ending=".png")


def ours(images: Path) -> Outcome:
    """The study's command, with data folder and output of its own."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        whole = python(
            *("-m", "studies.q3_betas", "--only", "beta1", "--beta1", *map(str, BETA1)),
            *("--seeds", str(SEEDS), "--dataset", f"folder:{images}", "--image-size", str(SIDE)),
            *("--epochs", str(EPOCHS), "--batch-size", str(BATCH), "--width", str(WIDTH)),
            *("--cpus-per-trial", "1", "--max-concurrent", str(SLOTS)),
            *("--data-dir", place / "data", "--output", place / "outputs"),
        ).seconds
        (run,) = (path.parent for path in (place / "outputs" / "q3_betas").glob("*/study.json"))
        if not (run / "report.html").exists():
            raise RuntimeError("The run has no page.")
        trials = [lines(file) for file in run.glob("trials/*/metrics.jsonl")]
    return outcome(whole, trials, "time/seconds", "test/accuracy")


def other(images: Path) -> Outcome:
    """The tutorial's script, whose trials leave what Tune measures."""
    with TemporaryDirectory() as folder:
        script = "import sys; from benchmarks.whole_run import tutorial; tutorial(*sys.argv[1:])"
        whole = python("-c", script, images, folder).seconds
        trials = [lines(file) for file in Path(folder).glob("tutorial/*/result.json")]
    return outcome(whole, trials, "time_this_iter_s", "test_accuracy")


def tutorial(images: str, place: str) -> None:
    """Twelve trials, each a process of its own that decodes its images in every epoch."""
    import torch
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from torch import nn
    from torch.utils.data import DataLoader, random_split
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    def accuracy(net: nn.Module, loader: DataLoader[tuple[torch.Tensor, int]]) -> float:
        net.eval()
        right = total = 0
        with torch.no_grad():
            for pixels, labels in loader:
                right += (net(pixels).argmax(1) == labels).sum().item()
                total += len(labels)
        return right / total

    def train(config: dict[str, float]) -> None:
        torch.manual_seed(int(config["seed"]))
        views = transforms.Compose(
            [
                transforms.Resize(SIDE),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )
        parts = random_split(ImageFolder(f"{images}/train", views), [0.9, 0.1])
        train_loader = DataLoader(parts[0], BATCH, shuffle=True)
        val_loader = DataLoader(parts[1], 256)
        test_loader = DataLoader(ImageFolder(f"{images}/test", views), 256)
        net = nn.Sequential(
            *(nn.Conv2d(3, WIDTH, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(WIDTH, 2 * WIDTH, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2 * WIDTH, 4 * WIDTH, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(4 * WIDTH * (SIDE // 8) ** 2, len(CLASSES))),
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=0.001, betas=(config["beta1"], 0.999))
        for _ in range(EPOCHS):
            net.train()
            total = 0.0
            for pixels, labels in train_loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(net(pixels), labels)
                loss.backward()
                optimizer.step()
                total += loss.item()
            metrics = {"loss": total / len(train_loader), "val_accuracy": accuracy(net, val_loader)}
            tune.report(metrics)
        tune.report({**metrics, "test_accuracy": accuracy(net, test_loader)})

    tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={
            "beta1": tune.grid_search(list(BETA1)),
            "seed": tune.grid_search(list(range(SEEDS))),
        },
        tune_config=tune.TuneConfig(max_concurrent_trials=SLOTS),
        run_config=tune.RunConfig(
            name="tutorial",
            storage_path=place,
            callbacks=[MLflowLoggerCallback(f"sqlite:///{place}/mlflow.db", experiment_name="cnn")],
        ),
    ).fit()


def lines(file: Path) -> list[dict[str, float]]:
    """What a trial said of every epoch, and of the test after the last one."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def outcome(
    whole: float, trials: list[list[dict[str, float]]], seconds: str, accuracy: str
) -> Outcome:
    """What was no training.

    whole: seconds of the process.
    trials: the metrics lines of each.
    seconds, accuracy: what those metrics are called.

    Raises RuntimeError if a trial did not end, or has not learnt.
    """
    if len(trials) != len(BETA1) * SEEDS or any(len(of) != EPOCHS + 1 for of in trials):
        raise RuntimeError(f"Not all trials ended: lines {[len(of) for of in trials]}.")
    # Not "< LEARNT", which NaN would pass.
    if not all(of[-1][accuracy] >= LEARNT for of in trials):
        accuracies = sorted(round(of[-1][accuracy], 3) for of in trials)
        raise RuntimeError(f"Test accuracy must reach {LEARNT} in every trial; got {accuracies}.")
    training = 0.0
    for of in trials:
        first, *others, test = (line[seconds] for line in of)
        training += min(first, median(others)) + sum(others) + test
    return Outcome(whole, whole - training / SLOTS)


def measure(repeats: int) -> list[Figure]:
    """The whole, and what of it was no training."""
    with TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        write_images(images)
        sides = {"ours": lambda: ours(images), "other": lambda: other(images)}
        outcomes = in_turn(sides, repeats)
    own, others, name = outcomes["ours"], outcomes["other"], "a tutorial's script"

    return [
        Figure(
            "twelve CNN trials, from command to exit", "s",
            [o.whole for o in own], name, [o.whole for o in others], Target("ratio", "<", 1),
        ),
        Figure(
            "of that, no training", "s",
            [o.no_training for o in own], name, [o.no_training for o in others],
            Target("ours", "<=", 25),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
