"""Question 1a: which kernel, and which scaling, for support vector machines on ResNet features?

Held: ResNet-50 with ImageNet weights, STL-10 at 96 px, features of the layer before the last one
(2,048), gamma "scale"; features are extracted once for all trials. C is tuned for each machine.
Varied: kernel x scaling (scaled by what train alone shows); the layer, its outputs ("fc", 1,000) or
what they are computed from ("avgpool"), both standardised, which suits either; C; the size of the
images; and the classifier, a support vector machine or a fully-connected head on the same features
and split, which is trained until the validation loss no longer falls.
Chosen by val/accuracy; test is measured once, at the end. A support vector machine draws nothing at
random: its seed only chooses which train images are validation. Where these are given, as by a
folder with val/, a machine is one trial, and is compared over test images alone.

    python -m studies.q1_svm --data-dir DATA
    python -m studies.q1_svm --smoke
"""

from pathlib import Path

from ray import tune

import service
from claims import Claim, alike, beats, every
from trainables import feature_classifier

KERNELS = ["linear", "rbf", "poly"]
SCALINGS = {"unscaled": "none", "standardised": "standard", "min-max": "minmax"}
MACHINES = {
    f"{kernel} {scaled}": {"kernel": kernel, "scaling": scaling}
    for kernel in KERNELS
    for scaled, scaling in SCALINGS.items()
}
HEAD, MACHINE = {"classifier": "head"}, {"classifier": "svm"}

STUDY = service.Study(
    name="q1_svm",
    question="Which kernel and scaling suit SVMs on {model} features of {dataset}?",
    trainable=feature_classifier.train,
    settings=feature_classifier.Settings(
        dataset="stl10", image_size=96, model="resnet50", epochs=300, patience=5
    ),
    sweeps={
        "kernel": {
            "classifier": "svm",
            "kernel": tune.grid_search(KERNELS),
            "scaling": tune.grid_search([*SCALINGS.values()]),
        },
        "layer": {
            "classifier": "svm",
            "scaling": "standard",
            "layer": tune.grid_search(["fc", "avgpool"]),
            "kernel": tune.grid_search(KERNELS),
        },
        "C": {"classifier": "svm", "C": tune.grid_search([0.01, 0.1, 1.0, 10.0, 100.0])},
        "image_size": {"classifier": "svm", "image_size": tune.grid_search([96, 128, 224])},
        "classifier": {"classifier": tune.grid_search(["svm", "head"])},
    },
    tuned={"C": tune.loguniform(1e-2, 1e3), "lr": tune.loguniform(1e-3, 1.0)},
    tune=5,
    baseline={"kernel": "linear", "scaling": "none", "layer": "avgpool"},
    claims=[
        Claim(
            id="q1.scaling",
            says="Scaling the features does not change SVM accuracy drastically.",
            test=every(
                [
                    alike(
                        "kernel",
                        MACHINES[f"{kernel} {scaled}"],
                        MACHINES[f"{kernel} unscaled"],
                        margin=0.02,
                    )
                    for kernel in KERNELS
                    for scaled in ("standardised", "min-max")
                ]
            ),
        ),
        Claim(
            id="q1.head_beats_svm",
            says="A fully-connected head on the frozen network beats a support vector machine by "
            "far, on the same features and split.",
            test=beats("classifier", HEAD, MACHINE, by=0.05),
        ),
    ],
    variants={**MACHINES, "the head": HEAD, "the machine": MACHINE},
    answer=Path(__file__).with_suffix(".md"),
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0),
    smoke={"model": "resnet18", "image_size": [16, 32], "images_per_class": 16},
)

if __name__ == "__main__":
    service.main(STUDY)
