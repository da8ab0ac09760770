"""Complete the MLflow record of a run:  python -m service.publish [--check] RUN."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runs.errors import UsageError
from runs.folder import RunFolder
from service import tracking
from service.reconcile import differences


def main() -> int:
    """Exit status 0: complete; 1: --check found differences or MLflow failed; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m service.publish", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a path, or STUDY/RUN below the output folder")
    parser.add_argument("--check", action="store_true", help="compare only, and say what differs")
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    parser.add_argument("--tracking-uri", help="default: where the run was recorded")
    options = parser.parse_args()
    try:
        run = RunFolder.find(options.run, Path(options.output), None)
        uri = options.tracking_uri or run.study.tracking_uri
        if uri is None:
            raise UsageError(f"{run.path} is not recorded in MLflow; --tracking-uri says where to.")
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        if not options.check:
            lock = run.lock()
            tracking.publish(run, uri)
            lock.release()
        wrong = differences(run, uri)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        print(f"MLflow at {uri} did not take the record: {error}", file=sys.stderr)
        return 1
    print("\n".join(wrong) or f"MLflow holds all of {run.path}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
