"""Complete the MLflow record of a run:  python -m service.publish [--check] RUN."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from runs.errors import UsageError
from runs.folder import RunFolder
from service import ending
from service.reconcile import differences
from service.tracking.address import Address, choose
from service.tracking.projection import publish
from service.tracking.trouble import trouble_of


def main() -> int:
    """Exit status 0: complete; 1: something is missing, or MLflow failed; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m service.publish", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a path, or STUDY/RUN below the output folder")
    parser.add_argument("--check", action="store_true", help="compare only, and say what differs")
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument("--tracking-uri", help="default: where the run was recorded")
    options = parser.parse_args()
    try:
        run = RunFolder.find(options.run, Path(options.output), None)
        recorded = run.study.tracking_uri
        if not options.tracking_uri and recorded is None:
            raise UsageError(f"{run.path} is not recorded in MLflow; --tracking-uri says where to.")
        where = choose(options.tracking_uri, recorded, Path(options.output))
        return _complete(run, where, check=options.check)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2


def _complete(run: RunFolder, where: Address, check: bool) -> int:
    """Publish or only check; the exit status."""
    lacking = ending.owed_files(run)
    for sentence in run.damage:
        print(sentence)
    try:
        if check:
            if _being_run(run):
                raise UsageError(f"{run.path} is being run; its record is complete when it ends.")
        else:
            with run.lock():
                publish(run, where, concluded=not lacking)
        wrong = differences(run, where.used)
    except UsageError:
        raise
    except Exception as error:
        print(f"MLflow at {where.shown} {trouble_of(error, where).sentence}", file=sys.stderr)
        return 1
    if lacking:
        again = f"python -m service.report {shlex.quote(str(run.path))}"
        wrong = [f"The run itself lacks {', '.join(lacking)}; make it with: {again}", *wrong]
    print("\n".join(wrong) or f"MLflow holds all of {run.path}.")
    return 1 if wrong else 0


def _being_run(run: RunFolder) -> bool:
    """Whether a driver holds the run's lock; none does where nothing can be written."""
    try:
        with FileLock(run.path / ".lock").acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
