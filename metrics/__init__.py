"""Classification, ranking, embedding and gradient-update metrics written from scratch."""

from metrics.classification import (
    MacroScores,
    accuracy,
    class_accuracy,
    confusion_matrix,
    expected_calibration_error,
    macro_precision_recall_f1,
    top_k_accuracy,
)
from metrics.retrieval import (
    intra_inter_ratio,
    knn_accuracy,
    mean_average_precision_at_r,
    recall_at_1,
)
from metrics.roc import OneVsRest, auc, one_vs_rest, roc_curve

__all__ = [
    "MacroScores",
    "OneVsRest",
    "accuracy",
    "auc",
    "class_accuracy",
    "confusion_matrix",
    "expected_calibration_error",
    "intra_inter_ratio",
    "knn_accuracy",
    "macro_precision_recall_f1",
    "mean_average_precision_at_r",
    "one_vs_rest",
    "recall_at_1",
    "roc_curve",
    "top_k_accuracy",
]
