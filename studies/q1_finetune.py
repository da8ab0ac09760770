"""Question 1b: which part of an ImageNet ResNet-50 should be trained on STL-10?

Held: ResNet-50 with ImageNet weights and a new linear head, STL-10 at 96 px without augmentation,
SGD with a one-cycle schedule, frozen batch-norms with ImageNet's statistics. Varied: what is
trained besides the head (nothing, one of four layers, all convolutions, all batch-norms, the
shortcuts' downsample branches, everything); and the head, linear or with a hidden layer. Head and
body have learning rates of their own (--lr, --body-lr). Chosen by val/accuracy; test is measured
once, at the end, and before training: there ImageNet's own classifier answers, its classes mapped
to STL-10's (ImageNet has no deer).

    python -m studies.q1_finetune --data-dir DATA
    python -m studies.q1_finetune --smoke
"""

from ray import tune

import service
from trainables import finetune

STUDY = service.Study(
    name="q1_finetune",
    question="Which part of an ImageNet ResNet-50 should be trained on STL-10?",
    trainable=finetune.train,
    settings=finetune.Settings(dataset="stl10", image_size=96, model="resnet50"),
    sweeps={
        "unfreeze": {"unfreeze": tune.grid_search(finetune.PARTS)},
        "head": {"head": tune.grid_search(["linear", "hidden"])},
    },
    baseline={"unfreeze": "nothing", "head": "linear"},
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0.25),
    smoke={"model": "resnet18", "image_size": 32, "images_per_class": 16},
)

if __name__ == "__main__":
    service.main(STUDY)
