"""Question 3b: does a smaller batch give a higher accuracy, and how large is large enough?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, SGD with momentum at a constant learning rate,
no augmentation. Varied: images a step, 32 to 2,048: at the same number of epochs with the learning
rate held; with the learning rate scaled with the batch (linear, Goyal et al. 2017,
arXiv 1706.02677); and at the same number of steps, since at equal epochs a batch of 2,048 makes 64
times fewer steps than one of 32. The gradient noise scale, drawn beside the curves, says from which
size on a larger batch is no better (McCandlish et al. 2018, arXiv 1812.06162). Chosen by
val/accuracy; test is measured at the end. A batch larger than the train set is one full batch.

    python -m studies.q3_batch_size --data-dir DATA
    python -m studies.q3_batch_size --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, Trend, every
from claims.measures import Last
from trainables import cnn

SIZES = [32, 64, 128, 256, 512, 1024, 2048]

STUDY = service.Study(
    name="q3_batch_size",
    question="Does a smaller batch give the three-layer CNN a higher accuracy on {dataset}?",
    trainable=cnn.train,
    settings=cnn.Settings(
        dataset="dogs_vs_cats", image_size=64, optimizer="momentum", lr=0.01, steps=2_000
    ),
    sweeps={
        "batch_size": {"batch_size": tune.grid_search(SIZES)},
        "scaled": {
            "lr_scaling": "linear",
            "lr": service.HELD,
            "batch_size": tune.grid_search(SIZES),
        },
        "steps": {"budget": "steps", "batch_size": tune.grid_search(SIZES)},
    },
    tuned={"lr": tune.loguniform(1e-3, 1e-1)},
    baseline={"batch_size": 64, "lr_scaling": "none", "budget": "epochs"},
    claims=[
        Claim(
            id="q3.batch_size",
            says="Smaller batches give a higher loss and a higher accuracy.",
            test=every(
                [
                    Trend(sweep="batch_size", over="batch_size", on=Last(metric=on), rises=False)
                    for on in ("train/loss", "test/accuracy")
                ]
            ),
        ),
    ],
    variants={f"{size} images": {"batch_size": size} for size in SIZES},
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8, "steps": 6},
    # Linear scaling breaks down for large batches, as its authors say.
    may_diverge=[{"lr_scaling": "linear", "batch_size": size} for size in SIZES],
)

if __name__ == "__main__":
    service.main(STUDY)
