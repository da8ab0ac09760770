"""What the trainables measure, by name; * stands for whatever a class or a layer is called."""

CLASSIFIER = (
    "train/accuracy",
    "train_clean/accuracy",
    "val/accuracy",
    "test/accuracy",
    "test/accuracy_at_best",
    "test/accuracy_*",
    "test/macro_precision",
    "test/macro_recall",
    "test/macro_f1",
    "test/auc_micro",
    "test/auc_macro",
    "test/auc_*",
    "test/top5",
)
NETWORK = (
    *CLASSIFIER,
    "train/loss",
    "val/loss",
    "test/loss",
    "test/ece",
    "test_curve/loss",
    "test_curve/accuracy",
)
