"""The pictures of a sweep, from what its trials left in their folders.

Loss and accuracy against epochs (and against steps and seconds, where steps are counted), confusion
matrices and ROC curves side by side, a heat map where two settings vary, what the optimiser did
where that was kept, and how much hangs on a setting that variants tune.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from claims.tuned import rivals
from claims.units import unit_of, words_of
from reports.figures import curves as figures
from reports.figures import grids, scores, sensitivity, update_figures
from reports.figures.looks import Look
from reports.reading import Reading
from runs.record import TrialRecord
from runs.variants import Variant, differing_values

Job = Callable[[], list[Path]]
"""Draws one kind of picture: data and a function, so that another process can do it."""


def jobs(
    reading: Reading, sweep: str, path: Path, styles: Mapping[str, Look] | None = None
) -> list[Job]:
    """The pictures of one sweep, named path.svg, path_confusion.svg, ... and the same as .png.

    Where variants tune a setting, path_sensitivity has all of its values and the other pictures
    have each variant at its own.  styles: how a variant looks, by the key of its first trial.
    """
    run = reading.run
    tuned, title = run.study.tune_each, f"{run.study.study}: {sweep}"
    variants = [variant for variant in run.sweep(sweep) if variant.finished]
    if variants and all(variant.trials[0].control for variant in variants):
        lines = {v.label(sweep): [t.lines for t in v.finished] for v in variants}
        return [partial(figures.curves, lines, title, path)]  # only the learning is of interest
    made: list[Job] = []
    names = {variant: variant.label(sweep) for variant in variants}
    if tuned and len({str(v.settings.get(tuned)) for v in variants}) > 1:
        own = [variant for variant in variants if variant in reading.shown]
        made += _sensitivity(reading, sweep, variants, own, path, styles)
        if own:
            title = f"{title}, each at its own {tuned}"
            names = {v: _at_own(v, sweep, tuned) for v in own}
    own_styles = {name: styles[v.trials[0].key] for v, name in names.items()} if styles else None
    if any(line["epoch"] > 1 for v in names for t in v.finished for line in t.lines):
        lines = {name: [t.lines for t in v.finished] for v, name in names.items()}
        counted = any("train/steps" in line for v in names for t in v.finished for line in t.lines)
        extra = run.study.metric
        made.append(partial(figures.curves, lines, title, path, styles=own_styles, extra=extra))
        for x in ("steps", "seconds") if counted else ():
            place = path.with_name(f"{path.name}_{x}")
            made.append(partial(figures.curves, lines, title, place, x, own_styles, extra=extra))
    folders = {names[v]: trial.folder for v, trial in of_one_seed(list(names)).items()}
    parts = update_figures.PARTS
    made += [partial(update_figures.draw, title, folders, path, own_styles, [p]) for p in parts]
    layout = _grid(list(names), sweep)
    panels = tuple(layout.values()) or None
    every = {name: [trial.folder for trial in v.finished] for v, name in names.items()}
    confusion, roc = (path.with_name(f"{path.name}_{kind}") for kind in ("confusion", "roc"))
    made.append(partial(scores.confusion, title, every, panels, confusion))
    made.append(partial(scores.roc, title, folders, panels, roc))
    unit = unit_of(run.outcome)
    if layout and unit.sign:  # a heat map is of shares
        (rows, row_names), (columns, column_names) = layout.items()
        shape = len(row_names), len(column_names)
        values = np.array([_mean(v.finished, run.outcome) for v in names]).reshape(shape)
        n = np.array([len(v.finished) for v in names]).reshape(shape)
        place, about = path.with_name(f"{path.name}_heat"), f"{title}: {words_of(run.outcome)}"
        made.append(
            partial(
                grids.heat_map, values, row_names, column_names, rows, columns, about, place, n=n
            )
        )
    return made


def of_one_seed(variants: Sequence[Variant]) -> dict[Variant, TrialRecord]:
    """A trial of each variant: of the first seed that all have, since one begins alike for all."""
    seeds = [{trial.seed for trial in variant.finished} for variant in variants]
    first = min(set.intersection(*seeds), default=None) if seeds else None
    return {
        v: next((trial for trial in v.finished if trial.seed == first), v.finished[0])
        for v in variants
    }


def _at_own(variant: Variant, sweep: str, tuned: str) -> str:
    """ "optimizer=adam (lr=0.001)" """
    others = [name for name in variant.sweeps[sweep] if name != tuned and name in variant.settings]
    own = f"({tuned}={variant.settings.get(tuned)})"
    return f"{variant.label(sweep, tuned)} {own}" if others else own


def _sensitivity(
    reading: Reading,
    sweep: str,
    variants: Sequence[Variant],
    own: Sequence[Variant],
    path: Path,
    styles: Mapping[str, Look] | None,
) -> list[Job]:
    """How much hangs on the tuned setting, where it is a number and was measured."""
    run, tuned = reading.run, str(reading.run.study.tune_each)
    if not all(isinstance(v.settings.get(tuned), int | float) for v in variants):
        return []
    measured = all(run.outcome in t.metrics for v in variants for t in v.finished)
    metric = run.outcome if measured else run.study.metric
    points, looks = {}, {}
    for same in rivals(variants, tuned):
        name = same[0].label(sweep, tuned)
        points[name] = [
            (
                float(v.settings[tuned]),
                [t.metrics[metric] for t in v.finished if metric in t.metrics],
                v in own,
            )
            for v in same
        ]
        if styles:
            looks[name] = styles[same[0].trials[0].key]
    if not any(values for tried in points.values() for _, values, _ in tried):
        return []
    place, title = path.with_name(f"{path.name}_sensitivity"), f"{run.study.study}: {sweep}"
    label = words_of(metric)
    return [partial(sensitivity.draw, points, tuned, label, title, place, looks or None)]


def _grid(variants: Sequence[Variant], sweep: str) -> dict[str, list[str]]:
    """The two settings that vary, if the variants fill their grid row by row; else nothing."""
    differing = differing_values(variants, sweep)
    if len(differing) != 2:
        return {}
    rows, columns = differing.items()
    wanted = [(a, b) for a in rows[1] for b in columns[1]]
    have = [(str(v.settings.get(rows[0])), str(v.settings.get(columns[0]))) for v in variants]
    return differing if have == wanted else {}


def _mean(trials: Sequence[TrialRecord], metric: str) -> float:
    found: Any = [trial.metrics.get(metric, np.nan) for trial in trials]
    return float(np.mean(found))
