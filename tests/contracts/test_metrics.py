"""What every metric of predictions or embeddings keeps; a new export must be listed here."""

import numpy as np
import pytest

import metrics

LABELS = np.repeat(np.arange(4), 6)
PERFECT = np.eye(4)[LABELS]  # as scores, as probabilities and as embeddings
SCORES = {
    "accuracy": lambda y, s: metrics.accuracy(y, s.argmax(1)),
    "top_k_accuracy": lambda y, s: metrics.top_k_accuracy(y, s, k=1),
    "macro_precision_recall_f1": lambda y, s: (
        metrics.macro_precision_recall_f1(metrics.confusion_matrix(y, s.argmax(1), 4)).f1
    ),
    "class_accuracy": lambda y, s: float(
        np.nanmean(metrics.class_accuracy(metrics.confusion_matrix(y, s.argmax(1), 4)))
    ),
    "roc_curve": lambda y, s: metrics.auc(*metrics.roc_curve(y == 0, s[:, 0])[:2]),
    "auc": lambda y, s: metrics.auc(*metrics.one_vs_rest(y, s).micro),
    "one_vs_rest": lambda y, s: metrics.one_vs_rest(y, s).macro_auc,
    "recall_at_1": lambda y, s: metrics.recall_at_1(s, y),
    "mean_average_precision_at_r": lambda y, s: metrics.mean_average_precision_at_r(s, y),
    "knn_accuracy": lambda y, s: metrics.knn_accuracy(PERFECT, LABELS, s, y),
    "recall_at_1 cosine": lambda y, s: metrics.recall_at_1(s, y, "cosine"),
    "mean_average_precision_at_r cosine": lambda y, s: metrics.mean_average_precision_at_r(
        s, y, "cosine"
    ),
    "knn_accuracy cosine": lambda y, s: metrics.knn_accuracy(
        PERFECT, LABELS, s, y, geometry="cosine"
    ),
    # Errors: turned so that 1 is best.
    "expected_calibration_error": lambda y, s: 1 - metrics.expected_calibration_error(y, s),
    "intra_inter_ratio": lambda y, s: 1 - min(1.0, metrics.intra_inter_ratio(s, y)),
    "intra_inter_ratio cosine": lambda y, s: (
        1 - min(1.0, metrics.intra_inter_ratio(s, y, "cosine"))
    ),
}
OTHERS = {"MacroScores", "OneVsRest", "confusion_matrix"}


@pytest.fixture(params=sorted(SCORES))
def metric(request):
    return SCORES[request.param]


def probabilities(seed):
    return np.random.default_rng(seed).dirichlet(np.ones(4), len(LABELS))


def test_every_exported_metric_is_held_to_this():
    assert {name.split()[0] for name in SCORES} | OTHERS == set(metrics.__all__)


def test_a_perfect_score_is_the_best(metric):
    assert metric(LABELS, PERFECT) == pytest.approx(1)


def test_it_lies_between_zero_and_one_and_noise_scores_below_perfection(metric):
    for seed in range(5):
        assert 0 <= metric(LABELS, probabilities(seed)) < 1


def test_the_order_of_the_samples_does_not_matter(metric):
    order = np.random.default_rng(1).permutation(len(LABELS))
    scores = probabilities(0)
    assert metric(LABELS[order], scores[order]) == pytest.approx(metric(LABELS, scores))


def test_lengths_that_differ_are_a_sentence(metric):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        metric(LABELS[:-1], probabilities(0))
