"""Make the page of a run again, from its folder alone:  python -m service.report RUN."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from service.environment import commit
from service.errors import UsageError
from service.run_folder import RunFolder
from service.study import Study
from service.trial_folder import write_json


def main() -> int:
    """Exit status 0: written; 1: its answer contradicts its numbers; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m service.report", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a path, or STUDY/RUN below the output folder")
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument(
        "--study",
        metavar="MODULE",
        help="judge by the claims, answer and baseline that this study (studies.q2_losses) has "
        "now, instead of those that it had when the run began; the page says so",
    )
    options = parser.parse_args()
    try:
        run = RunFolder.find(options.run, Path(options.output), None)
        with run.lock():
            print(judged_again(run, _study(options.study)) if options.study else build(run))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(run: RunFolder) -> Path:
    """Draw the pictures and write the page of a run; returns the page.

    UsageError without results; answers.AnswerError for an answer that the numbers do not bear out,
    which leaves an earlier page as it was.
    """
    from reports import page, run_pictures
    from reports.run import read

    if not (run.path / "results.json").exists():
        raise UsageError(f"{run.path} has no results yet.")
    run_pictures.draw(read(run.path))
    return page.write(run.path)


def judged_again(run: RunFolder, study: Study) -> Path:
    """The page, judged by what `study` says now, which is recorded; raises what `build` raises.

    What the run was to be judged by stays in study.json where the page cannot be made.
    """
    before = run.study
    if before["study"] != study.name:
        raise UsageError(f"{run.path} is a run of {before['study']}, not of {study.name}.")
    own = study.judged_by()
    if before.get("asked", {}).get("smoke"):
        own["answer"] = {}  # so small, nothing is answered
    write_json(run.path / "study.json", {**before, **own, "judged_later": commit()})
    try:
        return build(run)
    except Exception:
        write_json(run.path / "study.json", before)
        raise


def _study(module: str) -> Study:
    try:
        found = importlib.import_module(module).STUDY
    except (ImportError, AttributeError):
        raise UsageError(f"{module!r} is no module with a STUDY.") from None
    if not isinstance(found, Study):
        raise UsageError(f"The STUDY of {module} is no service.Study.")
    return found


if __name__ == "__main__":
    sys.exit(main())
