"""Classification and embedding metrics written from scratch on NumPy."""

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

__all__ = [
    "MacroScores",
    "accuracy",
    "class_accuracy",
    "confusion_matrix",
    "expected_calibration_error",
    "intra_inter_ratio",
    "knn_accuracy",
    "macro_precision_recall_f1",
    "mean_average_precision_at_r",
    "recall_at_1",
    "top_k_accuracy",
]
