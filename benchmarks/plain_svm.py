"""One support vector machine on ResNet-18 features, as a plain script has it.

    python plain_svm.py FOLDER ROWS WEIGHTS KERNEL SCALING

FOLDER: STL-10's binary files.  ROWS: a .npy, which of the train images to take.  Prints as JSON the
accuracy on test in percent, and the seconds that reading, extracting and the machine took. What
`benchmarks.shared_features` compares with; it uses nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from torchvision.models import ResNet, resnet18

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
BATCH = 64


def read(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 3, 96, 96) and labels from 0."""
    by_column = np.fromfile(folder / f"{part}_X.bin", np.uint8).reshape(-1, 3, 96, 96)
    labels = np.fromfile(folder / f"{part}_y.bin", np.uint8).astype(np.int64) - 1
    return by_column.transpose(0, 1, 3, 2), labels


@torch.no_grad()
def extract(model: torch.nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model gives for the images, (N, D)."""
    features = []
    for start in range(0, len(images), BATCH):
        pixels = torch.tensor(images[start : start + BATCH]).float() / 255
        features.append(model((pixels - MEAN) / STD))
    return torch.cat(features).numpy()


def backbone(weights: Path) -> ResNet:
    """ResNet-18 without its head, in inference mode."""
    model = resnet18()
    model.load_state_dict(torch.load(weights))
    model.fc = torch.nn.Identity()
    model.eval()
    return model


def pipeline(kernel: str, scaling: str) -> Pipeline:
    """Scaler and machine."""
    scaler = {"none": "passthrough", "standard": StandardScaler(), "minmax": MinMaxScaler()}
    return make_pipeline(scaler[scaling], SVC(C=1.0, kernel=kernel, gamma="scale", degree=3))


def main(folder: Path, rows: Path, weights: Path, kernel: str, scaling: str) -> None:
    """Read, extract, fit, score."""
    clock = [time.perf_counter()]
    (train, train_labels), (test, test_labels) = read(folder, "train"), read(folder, "test")
    chosen = np.load(rows)
    train, train_labels = train[chosen], train_labels[chosen]
    clock.append(time.perf_counter())
    model = backbone(weights)
    train_features, test_features = extract(model, train), extract(model, test)
    clock.append(time.perf_counter())
    machine = pipeline(kernel, scaling).fit(train_features, train_labels)
    accuracy = 100 * machine.score(test_features, test_labels)
    clock.append(time.perf_counter())
    seconds = dict(zip(("read", "extract", "svm"), np.diff(clock), strict=True))
    print(json.dumps({"accuracy": accuracy, **seconds}))


if __name__ == "__main__":
    folder, rows, weights = map(Path, sys.argv[1:4])
    main(folder, rows, weights, *sys.argv[4:6])
