"""Question 3e: when do Adam and its variants help, and when not?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, 64 images a step, constant learning rates, a
weight decay of 0.001 (decoupled with AdamW, L2 with all others: without one, AdamW is Adam).
Varied: Adam, AdamW, AMSGrad, NAdam, RAdam, Adamax, RMSprop and SGD with momentum, each tuned: with
every seed over the same three learning rates drawn (--tune N) from a range of its own, and compared
at the best by val/accuracy; how sensitive each is, is drawn beside it. Test is measured at the end.
`--dataset` asks the same of another data set, on which the order may be another.

    python -m studies.q3_adam_variants --data-dir DATA
    python -m studies.q3_adam_variants --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, OrderChanges
from trainables import cnn

ADAM, MOMENTUM = {"optimizer": "adam"}, {"optimizer": "momentum"}
RATES = {  # two decades each, about what is usual
    "adam": (1e-4, 1e-2),
    "adamw": (1e-4, 1e-2),
    "amsgrad": (1e-4, 1e-2),
    "nadam": (1e-4, 1e-2),
    "radam": (1e-4, 1e-2),
    "adamax": (2e-4, 2e-2),
    "rmsprop": (3e-5, 3e-3),
    "momentum": (1e-3, 1e-1),
}

STUDY = service.Study(
    name="q3_adam_variants",
    question="When do Adam and its variants help the three-layer CNN on {dataset}, and when not?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64, weight_decay=0.001),
    sweeps={
        "optimizer": [
            {"optimizer": name, "lr": tune.loguniform(*ends)} for name, ends in RATES.items()
        ],
    },
    tune=3,
    baseline=ADAM,
    claims=[
        Claim(
            id="q3.adam",
            says="Adam is not better in general; it depends on the problem.",
            test=OrderChanges(sweep="optimizer", of=ADAM, to=MOMENTUM),
        ),
    ],
    variants={
        "Adam": ADAM,
        "AdamW": {"optimizer": "adamw"},
        "AMSGrad": {"optimizer": "amsgrad"},
        "NAdam": {"optimizer": "nadam"},
        "RAdam": {"optimizer": "radam"},
        "Adamax": {"optimizer": "adamax"},
        "RMSprop": {"optimizer": "rmsprop"},
        "SGD with momentum": MOMENTUM,
    },
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
)

if __name__ == "__main__":
    service.main(STUDY)
