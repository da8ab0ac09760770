"""Question 3a: which optimiser trains a three-layer CNN best, one-image SGD or mini-batches?

Held: a CNN of three convolution layers on Dogs-vs-Cats at 64 px, without augmentation, constant
learning rates, the same initial weights and image orders. Varied: vanilla SGD (one image a step),
mini-batch SGD, the same with momentum, and Adam. Learning rates must not decide that, so each is
tuned: with every seed over the same three draws (--tune N) from a range of its own, and compared at
the best by val/accuracy. Curves are drawn against epochs, steps and seconds, because one image a
step takes 64 times the steps. Test is measured at the end.

    python -m studies.q3_optimizers --data-dir DATA
    python -m studies.q3_optimizers --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import ACCURACY, Claim, beats, every
from claims.measures import Total
from trainables import cnn

ONE_IMAGE = {"optimizer": "sgd", "batch_size": 1}
SGD = {"optimizer": "sgd", "batch_size": 64}
MOMENTUM = {"optimizer": "momentum"}
ADAM = {"optimizer": "adam"}

STUDY = service.Study(
    name="q3_optimizers",
    question="Which optimiser trains a three-layer CNN on {dataset} best?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64),
    sweeps={
        "optimizer": [
            {**ONE_IMAGE, "lr": tune.loguniform(3e-4, 3e-2)},
            {**SGD, "lr": tune.loguniform(1e-2, 1.0)},
            {**MOMENTUM, "batch_size": 64, "lr": tune.loguniform(1e-3, 1e-1)},
            {**ADAM, "batch_size": 64, "lr": tune.loguniform(1e-4, 1e-2)},
        ],
    },
    tune=3,
    baseline=ADAM,
    claims=[
        Claim(
            id="q3.vanilla_sgd",
            says="One-image SGD takes longest and is the most accurate of the four optimisers.",
            test=every(
                [
                    beats("optimizer", ONE_IMAGE, other, on=on)
                    for on in (ACCURACY, Total(metric="time/train_seconds"))
                    for other in (SGD, MOMENTUM, ADAM)
                ]
            ),
        ),
    ],
    variants={
        "one-image SGD": ONE_IMAGE,
        "mini-batch SGD": SGD,
        "SGD with momentum": MOMENTUM,
        "Adam": ADAM,
    },
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
)

if __name__ == "__main__":
    service.main(STUDY)
