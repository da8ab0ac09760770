"""A line a variant: mean and spread over seeds of whatever of interest a run measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claims.units import unit_of, words_of
from runs.record import TrialRecord
from runs.run import Run
from runs.variants import Variant

LOWEST = "test_curve/lowest_loss"
PERCENT = (100, 1, " %")
ONE_GEOMETRY = {  # of runs that measured the Euclidean one alone
    "recall@1": ("test/recall_at_1", *PERCENT),
    "k-NN": ("test/knn_accuracy", *PERCENT),
    "intra/inter ratio": ("test/intra_inter_ratio", 1, 2, ""),
}
NEAREST = {  # neighbours among test images, ranked by distance and by angle
    "recall@1 Euclidean": ("test/recall_at_1", *PERCENT),
    "recall@1 cosine": ("test/recall_at_1_cosine", *PERCENT),
    "MAP@R Euclidean": ("test/map_at_r", *PERCENT),
    "MAP@R cosine": ("test/map_at_r_cosine", *PERCENT),
}
BOTH_GEOMETRIES = {
    **NEAREST,
    "k-NN Euclidean": ("test/knn_accuracy", *PERCENT),
    "k-NN cosine": ("test/knn_accuracy_cosine", *PERCENT),
    "intra/inter Euclidean": ("test/intra_inter_ratio", 1, 2, ""),
    "intra/inter cosine": ("test/intra_inter_ratio_cosine", 1, 2, ""),
}
COSINE = "test/recall_at_1_cosine"  # what tells which of these a run has
# Title to metric, scale, digits and unit; shown where a run has them.
COLUMNS: Mapping[str, tuple[str, float, int | None, str]] = {
    "before": ("test_before/accuracy", *PERCENT),
    "train": ("train/accuracy", *PERCENT),
    "val": ("val/accuracy", *PERCENT),
    "test": ("test/accuracy", *PERCENT),
    "AUC": ("test/auc_macro", 1, 3, ""),
    "lowest test loss": (LOWEST, 1, 2, ""),
    "test loss": ("test/loss", 1, 2, ""),
    **ONE_GEOMETRY,
    **BOTH_GEOMETRIES,
    "trained": ("train/trainable_parameters", 1e-6, 3, " M"),
    "SVs": ("train/support_vectors", 1, 0, ""),
    "update / weight": ("updates/update_ratio", 1e3, 1, " ‰"),
    "successive updates": ("updates/update_cosine", 1, 2, ""),
    "noise scale": ("updates/noise_scale", 1, 0, ""),
}


@dataclass(frozen=True)
class Table:
    """A line a variant.

    columns: titles.
    rows: variant to a cell a column, "" without a value.
    """

    columns: Sequence[str]
    rows: Mapping[Variant, Sequence[str]]


def table(run: Run) -> Table:
    """Mean ± standard deviation over the seeds of every variant of which any finished."""
    variants = [variant for variant in run.variants if variant.finished]
    there = {name for variant in variants for t in variant.finished for name in metrics_of(t)}
    other = ONE_GEOMETRY if COSINE in there else BOTH_GEOMETRIES
    columns = {
        title: column
        for title, column in COLUMNS.items()
        if column[0] in there and title not in other
    }
    shown = {metric for metric, *_ in columns.values()}
    decisive = [m for m in dict.fromkeys((run.study.metric, run.outcome)) if m in there]
    own = sorted(name for name in there if not name.startswith("time/"))
    # A trainable that classifies nothing has its own metrics shown.
    more = [*decisive, *([] if columns else own)]
    for metric in [name for name in dict.fromkeys(more) if name not in shown][:8]:
        unit = unit_of(metric)
        columns[words_of(metric)] = (metric, unit.scale, unit.decimals, unit.sign)
    if LOWEST not in there:
        columns.pop("test loss", None)  # means something beside its lowest
    rows = {}
    for variant in variants:
        of_trials, cells = [metrics_of(trial) for trial in variant.finished], []
        for metric, scale, digits, sign in columns.values():
            values = [scale * metrics[metric] for metrics in of_trials if metric in metrics]
            cells.append(mean_sd(values, digits) + sign if values else "")
        rows[variant] = cells
    return Table(list(columns), rows)


def metrics_of(trial: TrialRecord) -> dict[str, float]:
    """A trial's metrics, and the lowest test loss of all epochs where it was measured."""
    curve = [line["test_curve/loss"] for line in trial.lines if "test_curve/loss" in line]
    return {**trial.metrics, **({LOWEST: min(curve)} if curve else {})}


def mean_sd(values: Sequence[float], digits: int | None = 4) -> str:
    """For people: "0.5120 ± 0.0100"; without a spread for a single value, "-" for none.

    values: one a seed.
    digits: behind the point; None: three of the mean, and the spread as far.
    """
    if not values:
        return "-"
    mean = sum(values) / len(values)
    if digits is None:
        size = math.floor(math.log10(abs(mean))) if mean and math.isfinite(mean) else 0
        digits = min(max(2 - size, 0), 6)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"
