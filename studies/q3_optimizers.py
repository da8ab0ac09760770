"""Question 3a: which optimiser trains a three-layer CNN best, one-image SGD or mini-batches?

Held: a CNN of three convolution layers on Dogs-vs-Cats at 64 px, without augmentation, constant
learning rates, the same initial weights and image orders. Varied: vanilla SGD (one image a step),
mini-batch SGD, the same with momentum, and Adam, each at learning rates of its own; what a variant
is shown at is the one with the best val/accuracy. Curves are drawn against epochs, steps and
seconds, because one image a step takes 64 times the steps. Test is measured at the end.

    python -m studies.q3_optimizers --data-dir DATA
    python -m studies.q3_optimizers --smoke
"""

from ray import tune

import service
from claims import ACCURACY, Claim, beats, every
from claims.measures import Total
from trainables import cnn

ONE_IMAGE = {"optimizer": "sgd", "batch_size": 1}

STUDY = service.Study(
    name="q3_optimizers",
    question="Which optimiser trains a three-layer CNN on Dogs-vs-Cats best?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64),
    sweeps={
        "optimizer": [
            {"optimizer": "sgd", "batch_size": 1, "lr": tune.grid_search([0.0003, 0.001, 0.003])},
            {"optimizer": "sgd", "batch_size": 64, "lr": tune.grid_search([0.03, 0.1, 0.3])},
            {
                "optimizer": "momentum",
                "batch_size": 64,
                "lr": tune.grid_search([0.003, 0.01, 0.03]),
            },
            {"optimizer": "adam", "batch_size": 64, "lr": tune.grid_search([0.0003, 0.001, 0.003])},
        ],
    },
    tune_each="lr",
    baseline={"optimizer": "adam"},
    claims=[
        Claim(
            id="q3.vanilla_sgd",
            says="One-image SGD takes longest and is the most accurate of the four optimisers.",
            test=every(
                [
                    beats("optimizer", ONE_IMAGE, other, on=on)
                    for on in (ACCURACY, Total(metric="time/train_seconds"))
                    for other in (
                        {"optimizer": "sgd", "batch_size": 64},
                        {"optimizer": "momentum"},
                        {"optimizer": "adam"},
                    )
                ]
            ),
        ),
    ],
    answer={
        "optimizer": """
            {% set one, sgd = {"optimizer": "sgd", "batch_size": 1}, {"optimizer": "sgd",
            "batch_size": 64} %}
            {% set momentum, adam = {"optimizer": "momentum"}, {"optimizer": "adam"} %}
            {% set on = "test/accuracy" %}
            Each at its own learning rate, one-image SGD ends at {{ percent(value(on, one)) }},
            mini-batch SGD at {{ percent(value(on, sgd)) }}, with momentum at {{ percent(value(on,
            momentum)) }} and Adam at {{ percent(value(on, adam)) }} on test, after the same number
            of epochs. One-image SGD is {{ against(one, sgd, "mini-batch SGD") }}, {{ against(one,
            momentum, "momentum") }} and {{ against(one, adam, "Adam") }}. That it takes longest and
            is the most accurate: {{ verdict("q3.vanilla_sgd") }}. It makes 64 times the steps of
            the others in an epoch, each from one noisy gradient; a comparison at one learning rate
            for all would mostly have told which of them that rate suits.
        """,
    },
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
)

if __name__ == "__main__":
    service.main(STUDY)
