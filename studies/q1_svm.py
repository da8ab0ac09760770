"""Question 1a: which kernel, and which scaling, for support vector machines on ResNet features?

Held: ResNet-50 with ImageNet weights, STL-10 at 96 px, features of the layer before the last one
(2,048), C = 1, gamma "scale"; features are extracted once for all trials.
Varied: kernel x scaling (scaled by what train alone shows); the layer, its outputs ("fc", 1,000) or
what they are computed from ("avgpool"); C; and the classifier, a support vector machine or a
fully-connected head on the same features and split.
Chosen by val/accuracy; test is measured once, at the end. A support vector machine draws nothing at
random: its seed only chooses which train images are validation.

    python -m studies.q1_svm --data-dir DATA
    python -m studies.q1_svm --smoke
"""

from ray import tune

import service
from trainables import feature_classifier

STUDY = service.Study(
    name="q1_svm",
    question="Which kernel and scaling suit SVMs on ResNet-50 features of STL-10?",
    trainable=feature_classifier.train,
    settings=feature_classifier.Settings(dataset="stl10", image_size=96, model="resnet50"),
    sweeps={
        "kernel": {
            "classifier": "svm",
            "kernel": tune.grid_search(["linear", "rbf", "poly"]),
            "scaling": tune.grid_search(["none", "standard", "minmax"]),
        },
        "layer": {
            "classifier": "svm",
            "layer": tune.grid_search(["fc", "avgpool"]),
            "kernel": tune.grid_search(["linear", "rbf", "poly"]),
        },
        "C": {"classifier": "svm", "C": tune.grid_search([0.01, 0.1, 1.0, 10.0, 100.0])},
        "classifier": {"classifier": tune.grid_search(["svm", "head"])},
    },
    baseline={"kernel": "linear", "scaling": "none", "layer": "avgpool"},
    metric="val/accuracy",
    mode="max",
    resources=service.Resources(cpus=1, gpus=0),
    smoke={"model": "resnet18", "image_size": 32, "images_per_class": 16},
)

if __name__ == "__main__":
    service.main(STUDY)
