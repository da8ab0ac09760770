"""The pictures of a sweep, from what its trials left in their folders.

Loss and accuracy against epochs (and against steps and seconds, where steps are
counted), confusion matrices and ROC curves side by side, a heat map where two settings vary, what
the optimiser did where that was kept, and how much hangs on a setting that variants tune.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reports import (
    figures,
    grids,
    looks,
    scores,
    sensitivity,
    update_figures,
)
from reports.run import Trial
from reports.tuned import own_values
from reports.variants import of_one_seed, told_by, varying


def draw(
    title: str,
    trials: Sequence[Trial],
    path: Path,
    tuned: str | None = None,
    metric: str = "val/accuracy",
    mode: str = "max",
    styles: Mapping[Hashable, looks.Look] | None = None,
) -> list[Path]:
    """The pictures of one sweep, named path.svg, path_confusion.svg, ... and the same as .png.

    tuned: a setting that every variant, told apart by all others that vary, tunes on its own. Where
    it varies, path_sensitivity has all of its values and the other pictures have each variant at
    its own: that with the best mean over seeds of what `metric` was last (mode "max" or "min").
    styles: how a trial's variant looks, by key.
    """
    varied = varying(trials)
    names = [name for name in varied if all(name in trial.settings for trial in trials)]
    if all(isinstance(t.settings[name], int | float) for name in names for t in trials):
        # A trial that another sweep shares comes first otherwise.
        trials = sorted(trials, key=lambda trial: [trial.settings[name] for name in names])
        varied = varying(trials)
    by_variant = told_by(trials, varied)
    drawn: list[Path] = []
    if tuned in varied and _last(trials, metric):
        del varied[tuned]
        variants = told_by(trials, varied) if varied else {"": list(trials)}
        tried = {name: told_by(same, [tuned]) for name, same in variants.items()}
        pairs = [(name, value) for name, values in tried.items() for value in values]
        own = own_values([(n, value, _last(tried[n][value], metric)) for n, value in pairs], mode)
        by_variant = {f"{n} ({own[n]})".strip(): tried[n][own[n]] for n in own}
        place = path.with_name(f"{path.name}_sensitivity")
        of = {name: same[0].key for name, same in variants.items()}
        drawn += _sensitivity(title, tried, own, tuned, metric, place, _styles(of, styles))
        title = f"{title}, each at its own {tuned}"
    of = {name: same[0].key for name, same in by_variant.items()}
    own_styles = _styles(of, styles)
    if any(line["epoch"] > 1 for trial in trials for line in trial.lines):
        lines = {name: [trial.lines for trial in same] for name, same in by_variant.items()}
        drawn += figures.curves(lines, title, path, styles=own_styles)
        counted = any("train/steps" in line for trial in trials for line in trial.lines)
        for x in ("steps", "seconds") if counted else ():
            place = path.with_name(f"{path.name}_{x}")
            drawn += figures.curves(lines, title, place, x, own_styles)
    folders = {name: trial.folder for name, trial in of_one_seed(by_variant).items()}
    drawn += update_figures.draw(title, folders, path, own_styles)
    layout = _grid(varied, [same[0] for same in by_variant.values()])
    panels = tuple(layout.values()) or None
    all_folders = {name: [trial.folder for trial in same] for name, same in by_variant.items()}
    drawn += scores.confusion(title, all_folders, panels, path.with_name(f"{path.name}_confusion"))
    drawn += scores.roc(title, folders, panels, path.with_name(f"{path.name}_roc"))
    if layout:
        (rows, row_names), (columns, column_names) = layout.items()
        shape = len(row_names), len(column_names)
        values = np.array([_mean_accuracy(same) for same in by_variant.values()]).reshape(shape)
        n = np.array([len(same) for same in by_variant.values()]).reshape(shape)
        place = path.with_name(f"{path.name}_heat")
        about = f"{title}: test accuracy"
        drawn += grids.heat_map(values, row_names, column_names, rows, columns, about, place, n=n)
    return drawn


def _styles(
    keys: Mapping[str, str], styles: Mapping[Hashable, looks.Look] | None
) -> dict[str, looks.Look]:
    """How each variant looks, by name; keys: of one of its trials."""
    return {name: styles[key] for name, key in keys.items()} if styles else looks.looks(keys)


def _last(same: Sequence[Trial], metric: str) -> list[float]:
    """What a metric was last in each trial that has it."""
    found = [[line[metric] for line in trial.lines if metric in line] for trial in same]
    return [values[-1] for values in found if values]


def _sensitivity(
    title: str,
    tried: Any,
    own: Mapping[str, str],
    tuned: str,
    metric: str,
    path: Path,
    styles: Mapping[str, looks.Look],
) -> list[Path]:
    """tried: variant to value ("lr=0.1") to trials; own: variant to its own value."""
    every = [trial for values in tried.values() for same in values.values() for trial in same]
    if not all(isinstance(trial.settings.get(tuned), int | float) for trial in every):
        return []
    if all(_last([trial], "test/accuracy") for trial in every):
        metric = "test/accuracy"
    points = {
        name: [
            (float(same[0].settings[tuned]), _last(same, metric), value == own.get(name))
            for value, same in values.items()
        ]
        for name, values in tried.items()
    }
    label = {"test/accuracy": "test accuracy", **figures.ACCURACIES}.get(metric, metric)
    return sensitivity.draw(points, tuned, label, title, path, styles)


def _grid(varied: Mapping[str, list[str]], first: Sequence[Trial]) -> dict[str, list[str]]:
    """The two settings that vary, if the variants fill their grid row by row; else nothing."""
    if len(varied) != 2:
        return {}
    rows, columns = varied.items()
    wanted = [(a, b) for a in rows[1] for b in columns[1]]
    have = [(str(t.settings.get(rows[0])), str(t.settings.get(columns[0]))) for t in first]
    return dict(varied) if have == wanted else {}


def _mean_accuracy(same: Sequence[Trial]) -> float:
    found = [trial.lines[-1].get("test/accuracy", np.nan) for trial in same]
    return float(np.mean(found))
