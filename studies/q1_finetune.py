"""Question 1b: which part of an ImageNet ResNet-50 should be trained on STL-10?

Held: ResNet-50 with ImageNet weights and a new linear head, STL-10 at 96 px without augmentation,
SGD, frozen batch-norms with ImageNet's statistics. Varied: what is trained besides the head
(nothing, one of four layers, all convolutions, all batch-norms, the shortcuts' downsample branches,
everything); the head, linear or with a hidden layer; and the size of the images. Head and body have
learning rates of their own (--lr, --body-lr), and each variant is tuned for its own. All train
until the validation loss no longer falls (--patience), at most --epochs epochs: what costs
milliseconds an epoch gets as many as it needs. Chosen by val/accuracy; test is measured once, with
the best epoch's network, and before training: there ImageNet's own classifier answers, its classes
mapped to STL-10's (ImageNet has no deer).

    python -m studies.q1_finetune --data-dir DATA
    python -m studies.q1_finetune --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, Differs, alike, below, every
from claims.measures import EpochsTo
from trainables import finetune

HEAD_ONLY = "the head alone"
VARIANTS = {HEAD_ONLY if part == "nothing" else part: {"unfreeze": part} for part in finetune.PARTS}

STUDY = service.Study(
    name="q1_finetune",
    question="Which part of a {model} should be trained on {dataset}?",
    trainable=finetune.train,
    settings=finetune.Settings(
        dataset="stl10", image_size=96, model="resnet50", epochs=100, patience=5
    ),
    sweeps={
        "unfreeze": {"unfreeze": tune.grid_search(finetune.PARTS)},
        "head": {"head": tune.grid_search(["linear", "hidden"])},
        "image_size": {"image_size": tune.grid_search([96, 128, 224])},
    },
    tuned={"lr": tune.loguniform(1e-3, 1.0), "body_lr": tune.loguniform(1e-4, 1e-1)},
    tune=3,
    baseline={"unfreeze": "nothing", "head": "linear", "image_size": 96},
    claims=[
        Claim(
            id="q1.layer_converges",
            says="Training one layer besides the head converges faster than the head alone.",
            test=every(
                [
                    below(
                        "unfreeze",
                        VARIANTS[f"layer{i}"],
                        VARIANTS[HEAD_ONLY],
                        EpochsTo(metric="train/loss", alternatives=("val/loss",)),
                    )
                    for i in (1, 2, 3, 4)
                ]
            ),
        ),
        Claim(
            id="q1.kind_of_layer",
            says="Training all convolutions or all batch-norms changes little; training the "
            "downsample branches differs by about 10 points.",
            test=every(
                [
                    *(
                        alike("unfreeze", VARIANTS[part], VARIANTS[HEAD_ONLY], margin=0.02)
                        for part in ("convolutions", "batch_norms")
                    ),
                    Differs(
                        sweep="unfreeze",
                        of=VARIANTS["downsample"],
                        to=VARIANTS[HEAD_ONLY],
                        within=((-0.15, -0.05), (0.05, 0.15)),
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
    smoke={"model": "resnet18", "image_size": [16, 32], "images_per_class": 16},
)

if __name__ == "__main__":
    service.main(STUDY)
