"""Question 3c: what do shuffling and partitioning into mini-batches bring?

Held: the three-layer CNN on Dogs-vs-Cats at 64 px, mini-batch SGD with momentum, 64 images a step,
the same number of steps. Varied: the order of images: shuffled anew each epoch; shuffled once; as
the files lie (by name, so in this data set all cats come before all dogs, and file order is the
next one); sorted by class; and drawn with replacement, which is no partition: about 37 % of the
images miss an epoch. Chosen by val/accuracy; test is measured at the end.

    python -m studies.q3_shuffling --data-dir DATA
    python -m studies.q3_shuffling --smoke
"""

from ray import tune

import service
from claims import Claim, beats, below, every
from claims.measures import Roughness
from trainables import cnn

STUDY = service.Study(
    name="q3_shuffling",
    question="What do shuffling and partitioning into mini-batches bring?",
    trainable=cnn.train,
    settings=cnn.Settings(dataset="dogs_vs_cats", image_size=64, optimizer="momentum", lr=0.01),
    sweeps={
        "order": {
            "order": tune.grid_search(["shuffled", "once", "file", "sorted", "replacement"]),
        },
    },
    baseline={"order": "shuffled"},
    claims=[
        Claim(
            id="q3.shuffling",
            says="Shuffling gives smoother convergence and a drastic rise in accuracy.",
            # Not train loss: it is low, and smooth, while one class after the other comes.
            test=every(
                [
                    beats("order", {"order": "shuffled"}, {"order": "file"}, by=0.05),
                    below(
                        "order",
                        {"order": "shuffled"},
                        {"order": "file"},
                        Roughness(metric="val/loss"),
                    ),
                ]
            ),
        ),
    ],
    answer={
        "order": """
            {% set shuffled, file = {"order": "shuffled"}, {"order": "file"} %}
            Shuffled anew each epoch, test accuracy is {{ percent(value("test/accuracy", shuffled))
            }}; shuffled once it is {{ against({"order": "once"}, shuffled, "that") }}.
            {% if finished(file) %}As the files lie (in Dogs-vs-Cats all cats before all dogs) it is
            {{ against(file, shuffled, "that") }}.{% endif %}
            {% if verdict("q3.shuffling") == "supported" %}Shown one class for half an epoch, the
            network says so of every image.{% endif %}
            Shuffling makes every step's gradient an estimate of the same thing, that of all images.
            That it brings smoother convergence and a drastic rise in accuracy: {{
            verdict("q3.shuffling") }}.
            Partitioning means that every image is seen once an epoch. Drawn with replacement, about
            37 % of them are not, and accuracy is {{ against({"order": "replacement"}, shuffled,
            "that of shuffled partitions") }}. Mini-batches also give many steps an epoch where the
            whole set would give one (study q3_batch_size).
        """,
    },
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"image_size": 16, "images_per_class": 16, "width": 8},
    # Class after class, the network forgets one while it learns the other, ever more surely.
    may_diverge=[{"order": "file"}, {"order": "sorted"}],
)

if __name__ == "__main__":
    service.main(STUDY)
