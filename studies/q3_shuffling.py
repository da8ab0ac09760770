"""Question 3c: what do shuffling and partitioning into mini-batches bring?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, mini-batch SGD with momentum, 64 images a step,
the same number of steps. Varied: the order of images: shuffled anew each epoch; shuffled once; as
the files lie (by name, so in this data set all cats come before all dogs, and file order is the
next one); sorted by class; and drawn with replacement, which is no partition: about 37 % of the
images miss an epoch. Chosen by val/accuracy; test is measured at the end.

    python -m studies.q3_shuffling --data-dir DATA
    python -m studies.q3_shuffling --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, beats, below, every
from claims.measures import Roughness
from trainables import cnn

ORDERS = ["shuffled", "once", "file", "sorted", "replacement"]
VARIANTS = {order: {"order": order} for order in ORDERS}

STUDY = service.Study(
    name="q3_shuffling",
    question="What do shuffling and partitioning into mini-batches bring on {dataset}?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64, optimizer="momentum", lr=0.01),
    sweeps={
        "order": {"order": tune.grid_search(ORDERS)},
    },
    tuned={"lr": tune.loguniform(1e-3, 1e-1)},
    baseline=VARIANTS["shuffled"],
    claims=[
        Claim(
            id="q3.shuffling",
            says="Shuffling gives smoother convergence and a drastic rise in accuracy.",
            # Not train loss: it is low, and smooth, while one class after the other comes.
            test=every(
                [
                    beats("order", VARIANTS["shuffled"], VARIANTS["file"], by=0.05),
                    below(
                        "order",
                        VARIANTS["shuffled"],
                        VARIANTS["file"],
                        Roughness(metric="val/loss"),
                    ),
                ]
            ),
        ),
    ],
    variants=VARIANTS,
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
    # Class after class, the network forgets one while it learns the other, ever more surely.
    may_diverge=[{"order": "file"}, {"order": "sorted"}],
)

if __name__ == "__main__":
    service.main(STUDY)
