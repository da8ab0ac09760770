"""Set runs of one study side by side in one page:  python -m service.compare RUN RUN ..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runs import atomic
from runs.errors import UsageError
from runs.folder import RunFolder

NAMED = 3  # runs of which a page's name has all


def main() -> int:
    """Exit status 0: written; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m service.compare", description=__doc__)
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="a path, or STUDY/RUN below the output folder"
    )
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument(
        "--to",
        metavar="FILE",
        help="where the page goes; default OUTPUT/<study>/compare_<run>_<run>.html",
    )
    options = parser.parse_args()
    output = Path(options.output)
    try:
        runs = [RunFolder.find(name, output, None) for name in options.runs]
        study = _study(runs)
        for sentence in [sentence for run in runs for sentence in run.damage]:
            print(sentence, file=sys.stderr)
        print(build(runs, Path(options.to) if options.to else output / study / _file(runs)))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def build(runs: Sequence[RunFolder], page: Path) -> Path:
    """Write the page of these runs; returns it. Raises UsageError if it cannot be written."""
    from reports.compare.page import compare
    from reports.reading import reading

    text = compare([reading(run.read()) for run in runs], page.resolve().parent)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(page, text.encode())
        return page
    except OSError as error:
        raise UsageError(f"{page} cannot be written: {error.strerror}.") from None


def _study(runs: Sequence[RunFolder]) -> str:
    """The study that these are runs of. Raises UsageError if they cannot be compared."""
    if len({run.path for run in runs}) < len(runs):
        raise UsageError("The same run is named twice.")
    if len(runs) < 2:
        raise UsageError("Comparing takes at least two runs.")
    first, *others = runs
    for run in others:
        one, other = first.study.study, run.study.study
        if one != other:
            raise UsageError(
                f"Runs of one study can be compared, and {first.path} is of {one}, "
                f"{run.path} of {other}."
            )
    for run in runs:
        if not any(trial.contents().begun for trial in run.trials()):
            raise UsageError(f"{run.path} has no results yet.")
    return first.study.study


def _file(runs: Sequence[RunFolder]) -> str:
    names = [run.name for run in runs]
    if len(names) > NAMED:
        names = [names[0], "to", names[-1], f"{len(names)}_runs"]
    return f"compare_{'_'.join(names)}.html"


if __name__ == "__main__":
    sys.exit(main())
