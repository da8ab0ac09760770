"""Make the page of a run again, from its folder alone:  python -m service.report RUN."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runs.atomic import write_json
from runs.errors import UsageError
from runs.folder import STUDY_FILE, RunFolder
from runs.trial_folder import read_json
from service.environment import commit
from service.studies import study_of
from service.study import Study


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
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="print how the run was made, its table and its differences; write nothing",
    )
    options = parser.parse_args()
    try:
        run = RunFolder.find(options.run, Path(options.output), None)
        for sentence in run.damage:
            print(sentence, file=sys.stderr)
        if options.markdown:
            print(as_markdown(run))
            return 0
        with run.lock():
            if options.study:
                print(judged_again(run, study_of(run.study, options.study)))
            else:
                print(build(run))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(run: RunFolder) -> Path:
    """Read a run again, draw its pictures, write its answer and its page; returns the page.

    Raises AnswerError if the numbers do not bear the answer out, which leaves an earlier page and
    its pictures as they were, and UsageError if the run has no trial.
    """
    from reports import answer_file, page
    from reports.answers import AnswerError
    from reports.figures import drawing
    from reports.reading import reading

    read = reading(run.read())
    if not read.run.every:
        raise UsageError(f"{run.path} has no results yet.")
    answer_file.write(read)
    if read.refused:
        raise AnswerError(read.refused)
    drawing.draw(read)
    return page.write(read)


def as_markdown(run: RunFolder) -> str:
    """What README says of a run. Raises UsageError if it has no trial."""
    from reports import markdown
    from reports.reading import reading

    read = reading(run.read())
    if not read.run.every:
        raise UsageError(f"{run.path} has no results yet.")
    return markdown.section(read)


def judged_again(run: RunFolder, study: Study) -> Path:
    """The page, judged by what `study` says now, which is recorded.

    What the run was to be judged by stays in study.json where the page cannot be made. Raises what
    `build` raises.
    """
    before, kept = run.study, read_json(run.path / STUDY_FILE)
    own = study.judged_by(before.settings)
    if before.asked.smoke:
        own["answer"] = {}  # so small, nothing is answered
    later = {**kept, **own, "judged_later": commit().model_dump()}
    write_json(run.path / STUDY_FILE, later, lasting=True)
    try:
        return build(run)
    except Exception:
        write_json(run.path / STUDY_FILE, kept, lasting=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
