"""All pictures of a run: those of its sweeps, and those drawn of all variants together."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from reports.figures import embedding_maps, factors, forest, looks, pictures
from reports.figures.pictures import Job, of_one_seed
from reports.figures.side_processes import run_all
from reports.reading import Reading
from runs.artifacts import Embeddings


def draw(reading: Reading) -> list[Path]:
    """The pictures of a run into its folder figures/, which holds only these afterwards.

    Those that were there stay until all are drawn.  A variant looks the same in all of them.
    """
    folder = reading.run.path / "figures"
    building = folder.with_name(".figures")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        drawn = run_all(jobs(reading, building))
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return [folder / file.name for file in drawn]


def jobs(reading: Reading, folder: Path) -> list[Job]:
    """What there is to draw, into `folder`; the longest first."""
    run = reading.run
    sweeps = {sweep: [v for v in run.sweep(sweep) if v.finished] for sweep in run.sweeps}
    styles = looks.shared([_groups(reading, sweep) for sweep in sweeps])
    by_key = {str(key): look for key, look in styles.items()}
    made: list[Job] = []
    for sweep, variants in sweeps.items():
        # Of the first sweep that has embeddings: t-SNE takes seconds.
        left = any((t.folder / Embeddings.FILE).is_file() for v in variants for t in v.finished)
        if not variants[0:1] or variants[0].trials[0].control or not left:
            continue
        ordered = of_one_seed(variants)
        folders = {v.label(sweep): trial.folder for v, trial in ordered.items()}
        title = f"{run.study.study}: {sweep}, one seed"
        made.append(partial(embedding_maps.draw, folders, title, folder / f"{sweep}_embeddings"))
        break
    for sweep, variants in sweeps.items():
        if variants:
            made += pictures.jobs(reading, sweep, folder / sweep, by_key)
    return made + _together(reading, by_key, folder)


def _groups(reading: Reading, sweep: str) -> list[list[str]]:
    """The trials that look alike: of what is one variant, whatever it tunes."""
    run, groups = reading.run, dict[str, list[str]]()
    for variant in run.sweep(sweep):
        if variant.finished:
            name = variant.label(sweep, run.study.tune_each)
            groups.setdefault(name, []).extend(trial.key for trial in variant.trials)
    return list(groups.values())


def _together(reading: Reading, styles: Mapping[str, looks.Look], folder: Path) -> list[Job]:
    """Differences to the baseline, and the outcome by the value of every setting."""
    run, compared = reading.run, reading.compared
    name, made = run.study.study, list[Job]()
    if compared and compared.differences:
        rows = {variant.name: row for variant, row in compared.differences.items()}
        own = {variant.name: styles[variant.trials[0].key] for variant in compared.differences}
        base = compared.baseline.name
        title = f"{name}: less {base}"
        made.append(
            partial(
                forest.draw, rows, base, title, folder / "forest",
                metric=compared.metric, styles=own,
            )
        )  # fmt: skip
    strips: dict[str, dict[str, list[float]]] = {}
    for sweep in run.sweeps:
        mates = [variant for variant in run.sweep(sweep) if variant in reading.shown]
        values = [variant.values(sweep) for variant in mates]
        for setting in dict.fromkeys(n for one in values for n in one):
            tried = {str(one[setting]) for one in values if setting in one}
            if len(tried) < 2 or setting == run.study.tune_each:
                continue
            strip = strips.setdefault(setting if setting == sweep else f"{setting} ({sweep})", {})
            for variant, one in zip(mates, values, strict=True):
                if setting in one:
                    found = [trial.metrics.get(run.outcome, np.nan) for trial in variant.finished]
                    strip.setdefault(str(one[setting]), []).extend(found)
    title = f"{name}: by setting"
    made.append(partial(factors.draw, strips, run.outcome, title, folder / "factors"))
    return made
