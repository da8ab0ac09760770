"""All pictures of a run, from what its trials left in their folders.

Of every sweep: loss and accuracy against epochs (and against steps and seconds, where steps are
counted), confusion matrices and ROC curves side by side, a heat map where two settings vary, what
the optimiser did where that was kept, and how much hangs on a setting that variants tune.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reports import figures, grids, scores, sensitivity, update_figures
from reports.run import Run, Trial
from reports.tuned import own_values


def draw_run(run: Run) -> list[Path]:
    """The pictures of every sweep of a run, into its folder figures/."""
    folder = run.path / "figures"
    folder.mkdir(exist_ok=True)
    drawn: list[Path] = []
    about = run.study.get("tune_each"), run.study["metric"], run.study["mode"]
    for sweep in dict.fromkeys(sweep for trial in run.trials for sweep in trial.sweeps):
        finished = [trial for trial in run.trials if sweep in trial.sweeps and trial.finished]
        if finished:
            drawn += draw(f"{run.study['study']}: {sweep}", finished, folder / sweep, *about)
    return drawn


def draw(
    title: str,
    trials: Sequence[Trial],
    path: Path,
    tuned: str | None = None,
    metric: str = "val/accuracy",
    mode: str = "max",
) -> list[Path]:
    """The pictures of one sweep, named path.svg, path_confusion.svg, ... and the same as .png.

    tuned: a setting that every variant, told apart by all others that vary, tunes on its own. Where
    it varies, path_sensitivity has all of its values and the other pictures have each variant at
    its own: that with the best mean over seeds of what `metric` was last (mode "max" or "min").
    """
    varied = _varied(trials)
    names = [name for name in varied if all(name in trial.settings for trial in trials)]
    if all(isinstance(t.settings[name], int | float) for name in names for t in trials):
        # A trial that another sweep shares comes first otherwise.
        trials = sorted(trials, key=lambda trial: [trial.settings[name] for name in names])
        varied = _varied(trials)
    by_variant = _by_variant(trials, varied)
    drawn: list[Path] = []
    if tuned in varied and _last(trials, metric):
        del varied[tuned]
        variants = _by_variant(trials, varied) if varied else {"": list(trials)}
        tried = {name: _by_variant(same, [tuned]) for name, same in variants.items()}
        pairs = [(name, value) for name, values in tried.items() for value in values]
        own = own_values([(n, value, _last(tried[n][value], metric)) for n, value in pairs], mode)
        by_variant = {f"{n} ({own[n]})".strip(): tried[n][own[n]] for n in own}
        place = path.with_name(f"{path.name}_sensitivity")
        drawn += _sensitivity(title, tried, own, tuned, metric, place)
        title = f"{title}, each at its own {tuned}"
    if any(line["epoch"] > 1 for trial in trials for line in trial.lines):
        lines = {name: [trial.lines for trial in same] for name, same in by_variant.items()}
        drawn += figures.curves(lines, title, path)
        counted = any("train/steps" in line for trial in trials for line in trial.lines)
        for x in ("steps", "seconds") if counted else ():
            drawn += figures.curves(lines, title, path.with_name(f"{path.name}_{x}"), x)
    folders = {name: trial.folder for name, trial in _one_seed(by_variant).items()}
    drawn += update_figures.draw(title, folders, path)
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


def _varied(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """The settings that differ among the trials of this sweep, with their values."""
    names = dict.fromkeys(name for trial in trials for name in trial.varied)
    values = {
        name: list(dict.fromkeys(str(trial.settings.get(name)) for trial in trials))
        for name in names
    }
    return {name: found for name, found in values.items() if len(found) > 1}


def _by_variant(trials: Sequence[Trial], names: Collection[str]) -> dict[str, list[Trial]]:
    """The trials of each variant, which is called after the named settings."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        # A trial that other sweeps share is called after what they vary, too; not here.
        name = " ".join(f"{one}={trial.settings[one]}" for one in names if one in trial.settings)
        found.setdefault(name or trial.variant, []).append(trial)
    return found


def _one_seed(variants: Mapping[str, Sequence[Trial]]) -> dict[str, Trial]:
    """A trial of each variant: of the first seed that all have, since one begins alike for all."""
    seeds = [{trial.seed for trial in same} for same in variants.values()]
    first = min(set.intersection(*seeds), default=None)
    return {
        name: next((trial for trial in same if trial.seed == first), same[0])
        for name, same in variants.items()
    }


def _last(same: Sequence[Trial], metric: str) -> list[float]:
    """What a metric was last in each trial that has it."""
    found = [[line[metric] for line in trial.lines if metric in line] for trial in same]
    return [values[-1] for values in found if values]


def _sensitivity(
    title: str, tried: Any, own: Mapping[str, str], tuned: str, metric: str, path: Path
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
    return sensitivity.draw(points, tuned, label, title, path)


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
