"""Question 3d: do Adam's beta1 and beta2 matter?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, Adam at a constant learning rate of 0.001, 64
images a step, no augmentation. Varied: beta1, the share of the old mean of gradients that is kept;
and beta2, the same of squared gradients. Gradient-update figures show what they change: how far
successive updates agree, and how large a share of the learning rate a parameter moves
(Kingma and Ba 2015, arXiv 1412.6980). Chosen by val/accuracy; test is measured at the end.

    python -m studies.q3_betas --data-dir DATA
    python -m studies.q3_betas --smoke
"""

from ray import tune

import service
from claims import Claim, Trend, alike, every
from claims.measures import Roughness
from trainables import cnn

BETA2 = [0.5, 0.9, 0.99, 0.999, 0.9999]

STUDY = service.Study(
    name="q3_betas",
    question="Do Adam's beta1 and beta2 matter for the three-layer CNN?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64, optimizer="adam", lr=0.001),
    sweeps={
        "beta1": {"beta1": tune.grid_search([0.0, 0.5, 0.8, 0.9, 0.95, 0.99])},
        "beta2": {"beta2": tune.grid_search(BETA2)},
    },
    baseline={"beta1": 0.9, "beta2": 0.999},
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
                        sweep="beta2", over="beta2", on=Roughness(metric="train/loss"), rises=True
                    ),
                    *(
                        alike("beta2", {"beta2": beta2}, {"beta2": 0.999}, margin=0.02)
                        for beta2 in BETA2
                        if beta2 != 0.999
                    ),
                ]
            ),
        ),
    ],
    answer={
        "beta1": """
            Test accuracy is {{ percent(value("test/accuracy", {"beta1": 0.0})) }} without momentum
            (beta1 = 0), {{ percent(value("test/accuracy", {"beta1": 0.9})) }} at 0.9 and {{
            percent(value("test/accuracy", {"beta1": 0.99})) }} at 0.99. That a lower beta1 gives a
            higher accuracy: {{ verdict("q3.beta1") }}. Beta1 is how much of the old mean of
            gradients is kept: successive steps have a cosine of {{ "%.2f" % value(
            "updates/update_cosine", {"beta1": 0.0}) }} at 0, {{ "%.2f" % value(
            "updates/update_cosine", {"beta1": 0.9}) }} at 0.9 and {{ "%.2f" % value(
            "updates/update_cosine", {"beta1": 0.99}) }} at 0.99.
            {{ holds(value("updates/update_cosine", {"beta1": 0.99}) > value(
            "updates/update_cosine", {"beta1": 0.0}), "beta1 makes successive steps agree") }}
        """,
        "beta2": """
            Test accuracy is {{ percent(value("test/accuracy", {"beta2": 0.9})) }} with a beta2 of
            0.9, {{ percent(value("test/accuracy", {"beta2": 0.999})) }} with 0.999 and {{
            percent(value("test/accuracy", {"beta2": 0.9999})) }} with 0.9999
            {% if finished({"beta2": 0.5}) %}; with 0.5 it is {{ against({"beta2": 0.5}, {"beta2":
            0.999}, "that at 0.999") }}{% endif %}. Beta2 is how long the squares of gradients are
            remembered by whose mean a step is divided: divided by those of the last few alone, it
            is nearly as long for a small gradient as for a large one. That a lower
            beta2 is smoother and changes no accuracy: {{ verdict("q3.beta2") }}.
        """,
    },
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
)

if __name__ == "__main__":
    service.main(STUDY)
