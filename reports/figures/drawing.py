"""All pictures of a run, drawn and put in place together."""

from __future__ import annotations

import shutil
from pathlib import Path

from reports.figures import catalogue
from reports.figures.catalogue import Figure
from reports.figures.saving import save
from reports.figures.side_processes import run_all
from reports.reading import Reading

FOLDER = "figures"  # of a run
LONGEST = "embeddings"  # t-SNE takes seconds: begun last, it would be waited for


def draw(reading: Reading) -> list[Path]:
    """The pictures of a run into its folder figures/, which holds only these afterwards.

    Those that were there stay until all are drawn.
    """
    folder = reading.run.path / FOLDER
    building = folder.with_name(".figures")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    tasks = [
        (figure, sweep)
        for figure in catalogue.FIGURES
        for sweep in (reading.run.sweeps if figure.per_sweep else [""])
    ]
    tasks.sort(key=lambda task: task[0].name != LONGEST)
    try:
        drawn = run_all(_draw, reading, building, tasks)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return [folder / file.name for file in drawn]


def _draw(reading: Reading, folder: Path, figure: Figure, sweep: str) -> list[Path]:
    drawn = figure.draw(reading, sweep)
    return save(drawn, folder / catalogue.stem(figure, sweep)) if drawn else []
