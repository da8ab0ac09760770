"""Keep a run for others to look at:  python -m service.keep RUN --data DIR --weights DIR.

What is kept are its numbers, its answer and its page, and its trials in one archive without
checkpoints, large arrays and the paths of a machine. The page has the pictures as they were drawn,
but for those that the list of kept runs, TO/README.md, shows: these lie beside it. Without RUN only
that list is written again. Ends with the table of claims that the kept runs decide.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from reports import answer_file, markdown, page
from reports.reading import Reading, reading
from runs import atomic, trial_folder
from runs.artifacts import Absent, ClassTable, Confusion, HitCurve, Predictions, Seen
from runs.bundle import Readable
from runs.errors import UsageError
from runs.folder import JOURNAL_FILE, RESULTS_FILE, STUDY_FILE, TABLE_FILE, RunFolder
from runs.trial_folder import TrialFolder, read_json

RUN_FILES = (STUDY_FILE, RESULTS_FILE, TABLE_FILE, JOURNAL_FILE)
TRIAL_FILES = (
    trial_folder.SETTINGS,
    trial_folder.METRICS,
    trial_folder.ENDING,
    Seen.FILE,
    Confusion.FILE,
    Confusion.FILE_BEFORE,
    ClassTable.FILE,
)
PREDICTING = ("compared", "default")  # trials that differences are made of, over test images
CURVE_BYTES = 100_000  # of a trial: about 80 epochs of 10,000 test images


def main() -> int:
    """Exit status 0: kept; 1: its answer contradicts its numbers; 2: wrong usage."""
    words, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m service.keep", description=words, epilog=more.strip()
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", help="a path, or STUDY/RUN below the output folder"
    )
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument("--data", metavar="DIR", help="where the data lay: becomes DATA")
    parser.add_argument("--weights", metavar="DIR", help="where the weights lay: becomes WEIGHTS")
    parser.add_argument("--to", metavar="DIR", default="results", help="default ./results")
    options = parser.parse_args()
    to = Path(options.to).resolve()
    try:
        if options.run:
            run = RunFolder.find(options.run, Path(options.output), None)
            places = {"DATA": options.data, "WEIGHTS": options.weights, "outputs": options.output}
            named = {str(Path(place).resolve()): name for name, place in places.items() if place}
            print(finish(copy(run, to, {str(run.path.parents[1]): "outputs", **named})))
        print(write_list(to))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def copy(run: RunFolder, to: Path, names: Mapping[str, str]) -> RunFolder:
    """What is kept of a run, as `to`/<study>/<run>; a note.md that is there stays.

    to: where kept runs lie.
    names: path on this machine to what stands for it in what is kept.

    Raises UsageError if the run lies there already, or has no page.
    """
    target = RunFolder(to / run.path.parent.name / run.path.name)
    if target.path == run.path:
        raise UsageError(f"{run.path} is kept already.")
    if not (run.path / page.NAME).is_file():
        raise UsageError(f"{run.path} has no page; make it with: python -m service.report RUN")
    shutil.rmtree(target.path / "trials", ignore_errors=True)
    (target.path / "trials").mkdir(parents=True)
    for name in RUN_FILES:
        _copy_text(run.path, target.path, name, names)
    # Its record in MLflow stays where it is.
    study = target.path / STUDY_FILE
    atomic.write_json(study, {**read_json(study), "tracking_uri": None})
    for trial in run.trials():
        place = target.path / "trials" / trial.path.name
        place.mkdir()
        for name in TRIAL_FILES:
            _copy_text(trial.path, place, name, names)
        _copy_ending(trial, place)
        if trial.asked.role in PREDICTING:
            _copy_predictions(trial.path, place)
            _copy_curve(trial.path, place)
    target.pack()
    shutil.rmtree(target.path / "figures", ignore_errors=True)
    shutil.copytree(run.path / "figures", target.path / "figures")
    return target


def finish(kept: RunFolder) -> Path:
    """Write answer and page of a kept run from the pictures in its figures/; returns the page.

    Afterwards only those are there that the page does not hold itself.

    Raises AnswerError if its answer contradicts its numbers.
    """
    _squeeze(kept.path / "figures")
    read = reading(kept.read())
    linked = markdown.shown(read.run)
    answer_file.write(read)
    written = page.write(read, linked=linked)
    for picture in (kept.path / "figures").iterdir():
        if picture.stem not in linked:
            picture.unlink()
    return written


def write_list(to: Path) -> str:
    """Write README.md of all kept runs; returns the table of claims that they decide."""
    readings = all_kept(to)
    atomic.write(to / "README.md", markdown.kept_runs(readings, to).encode())
    return markdown.claims_table([read.run for read in readings], to)


def all_kept(to: Path) -> Sequence[Reading]:
    """The kept runs below a folder, by study and time. Raises UsageError if there are none."""
    runs = [file.parent for file in sorted(to.glob("*/*/study.json"))]
    if not runs:
        raise UsageError(f"There is no kept run below {to}.")
    return [reading(RunFolder(run).read()) for run in runs]


def _squeeze(figures: Path) -> None:
    """Leave of every picture the smaller of its SVG and its bitmap, pixel by pixel as it was drawn.

    WebP without loss takes less than half of what PNG does, in all colours.
    """
    from PIL import Image

    for png in figures.glob("*.png"):
        with Image.open(png) as picture:
            # Of what loses nothing, quality is how hard it tries.
            picture.save(png.with_suffix(".webp"), lossless=True, exact=True, quality=100, method=6)
        png.unlink()
    for svg in figures.glob("*.svg"):
        both = [file for file in (svg, svg.with_suffix(".webp")) if file.is_file()]
        for larger in sorted(both, key=lambda file: file.stat().st_size)[1:]:
            larger.unlink()


def _copy_text(source: Readable, target: Path, name: str, names: Mapping[str, str]) -> None:
    """Copy a file where there is one; the longest path first, which another may begin with."""
    if not (source / name).is_file():
        return
    text = (source / name).read_bytes().decode()
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    (target / name).write_bytes(text.encode())


def _copy_ending(trial: TrialFolder, target: Path) -> None:
    """How a trial ended; not that of one whose lines are damaged, which has not ended any more."""
    if trial.ending is None:
        (target / trial_folder.ENDING).unlink(missing_ok=True)
    else:
        TrialFolder(target).recount()


def _copy_predictions(source: Readable, target: Path) -> None:
    """What a comparison of one seed needs; scores are a hundred times larger."""
    with suppress(Absent):
        said = Predictions.load(source)
        most = max(said.label.max(initial=0), said.prediction.max(initial=0))
        small = np.min_scalar_type(most)
        arrays: dict[str, Any] = {
            "label": said.label.astype(small),
            "prediction": said.prediction.astype(small),
        }
        if said.classes is not None:
            arrays["classes"] = np.array(said.classes)
        np.savez_compressed(target / Predictions.FILE, **arrays)


def _copy_curve(source: Readable, target: Path) -> None:
    """Which test images were right by epoch, where that is small."""
    if not (source / HitCurve.FILE).is_file():
        return
    content = (source / HitCurve.FILE).read_bytes()
    if len(content) <= CURVE_BYTES:
        (target / HitCurve.FILE).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
