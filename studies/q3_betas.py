"""Question 3d: do Adam's beta1 and beta2 matter?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, Adam at a constant learning rate of 0.001, 64
images a step, no augmentation. Varied: beta1, the share of the old mean of gradients that is kept;
beta2, the same of squared gradients; and, since without that mean (beta1 = 0) steps are longer at
the same learning rate, beta1 = 0 at 0.00023, too, where they are as long as those of 0.9: a mean of
gradients that are noise alone is shorter by sqrt((1 - beta1) / (1 + beta1)), which is 0.23 of 0.9.
Gradient-update figures show what they change: how far successive updates agree, and how large a
share of the learning rate a parameter moves (Kingma and Ba 2015, arXiv 1412.6980). Chosen by
val/accuracy; test is measured at the end.

    python -m studies.q3_betas --data-dir DATA
    python -m studies.q3_betas --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, Trend, alike, every
from claims.measures import Roughness
from trainables import cnn

BETA1 = {beta1: {"beta1": beta1} for beta1 in (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)}
BETA2 = {beta2: {"beta2": beta2} for beta2 in (0.5, 0.9, 0.99, 0.999, 0.9999)}

STUDY = service.Study(
    name="q3_betas",
    question="Do Adam's beta1 and beta2 matter for the three-layer CNN on {dataset}?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64, optimizer="adam", lr=0.001),
    sweeps={
        "beta1": {"beta1": tune.grid_search([*BETA1])},
        "beta2": {"beta2": tune.grid_search([*BETA2])},
        "matched": [
            {"beta1": 0.9, "lr": 0.001},
            {"beta1": 0.0, "lr": tune.grid_search([0.001, 0.00023])},
        ],
    },
    tuned={"lr": tune.loguniform(1e-4, 1e-2)},
    baseline=BETA1[0.9] | BETA2[0.999],
    claims=[
        Claim(
            id="q3.beta1",
            says="The lower beta1, the higher the accuracy.",
            test=Trend(sweep="beta1", over="beta1", rises=False),
        ),
        Claim(
            id="q3.beta2",
            says="A lower beta2 gives smoother convergence and no real change in accuracy.",
            test=every(
                [
                    Trend(
                        sweep="beta2",
                        over="beta2",
                        on=Roughness(metric="train/loss", alternatives=("val/loss",)),
                        rises=True,
                    ),
                    *(
                        alike("beta2", BETA2[beta2], BETA2[0.999], margin=0.02)
                        for beta2 in BETA2
                        if beta2 != 0.999
                    ),
                ]
            ),
        ),
    ],
    variants={
        **{f"beta1 {beta1}": chosen for beta1, chosen in BETA1.items()},
        **{f"beta2 {beta2}": chosen for beta2, chosen in BETA2.items()},
        "beta1 0.0 at 0.001": BETA1[0.0] | {"lr": 0.001},
        "beta1 0.0 at 0.00023": BETA1[0.0] | {"lr": 0.00023},
    },
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
)

if __name__ == "__main__":
    service.main(STUDY)
