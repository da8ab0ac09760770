"""All pictures of a run: those of each sweep, and what is drawn of all variants together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np

from reports import embedding_maps, factors, figures, forest, looks, pictures
from reports.outcome import outcome
from reports.run import Run
from reports.variants import of_one_seed, told_by, varying


def draw(run: Run) -> list[Path]:
    """The pictures of a run into its folder figures/; a variant looks the same in all of them."""
    folder, name = run.path / "figures", run.study["study"]
    folder.mkdir(exist_ok=True)
    tuned, metric, mode = run.study.get("tune_each"), run.study["metric"], run.study["mode"]
    sweeps = {
        sweep: [trial for trial in run.trials if sweep in trial.sweeps and trial.finished]
        for sweep in dict.fromkeys(sweep for trial in run.trials for sweep in trial.sweeps)
    }
    groups = [
        told_by(trials, [n for n in varying(trials) if n != tuned]) for trials in sweeps.values()
    ]
    styles = looks.shared([[[t.key for t in same] for same in group.values()] for group in groups])
    drawn, maps = _together(run, styles), list[Path]()
    for sweep, trials in sweeps.items():
        if not trials:
            continue
        title = f"{name}: {sweep}"
        if all(trial.control for trial in trials):  # of which only the learning is of interest
            groups_of = told_by(trials, varying(trials)).items()
            controls = {control: [trial.lines for trial in same] for control, same in groups_of}
            drawn += figures.curves(controls, title, folder / sweep)
            continue
        drawn += pictures.draw(title, trials, folder / sweep, tuned, metric, mode, styles)
        if not maps:  # of the first sweep that has embeddings: t-SNE takes seconds
            one = of_one_seed(told_by(trials, varying(trials)))
            folders = {variant: trial.folder for variant, trial in one.items()}
            maps = embedding_maps.draw(
                folders, f"{title}, one seed", folder / f"{sweep}_embeddings"
            )
    return drawn + maps


def _together(run: Run, styles: Mapping[Hashable, looks.Look]) -> list[Path]:
    """Differences to the baseline, and accuracy by the value of every setting."""
    found, name, folder = outcome(run), run.study["study"], run.path / "figures"
    drawn: list[Path] = []
    if found.compared:
        rows, base = found.compared.differences, found.compared.baseline
        own = {variant: styles[found.variants[variant][0].key] for variant in rows}
        drawn += forest.draw(rows, base, f"{name}: less {base}", folder / "forest", styles=own)
    strips: dict[str, dict[str, list[float]]] = {}
    shown = {trial.key for variant in found.own for trial in found.variants[variant]}
    for trial in run.trials:
        for sweep in trial.sweeps if trial.key in shown else ():
            mates = [t for t in run.trials if sweep in t.sweeps and t.key in shown]
            for setting in varying(mates).keys() - {run.study.get("tune_each")}:
                if setting in trial.settings:
                    strip = setting if setting == sweep else f"{setting} ({sweep})"
                    values = strips.setdefault(strip, {}).setdefault(
                        str(trial.settings[setting]), []
                    )
                    values.append(trial.metrics.get("test/accuracy", np.nan))
    return drawn + factors.draw(strips, "test accuracy", f"{name}: by setting", folder / "factors")
