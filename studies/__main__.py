"""List the studies: name, question, number of trials."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

from studies import NAMES


def main() -> int:
    """Exit status 0: all are listed; 1: the file of one is broken; 2: wrong usage."""
    if len(sys.argv) > 1:
        print(
            f"There is no option {sys.argv[1]}; python -m studies lists the studies, and "
            "python -m studies.NAME runs one.",
            file=sys.stderr,
        )
        return 2
    table, broken = Table("study", "question", "trials a seed"), list[str]()
    for name in NAMES:
        try:
            study = importlib.import_module(f"studies.{name}").STUDY
            table.add_row(name, study.asks(), str(len(study.trials())))
        except Exception as error:  # whatever is wrong with one file, the others are there
            said = str(error).strip().split("\n")[0]
            broken.append(f"studies/{name}.py cannot be read: {type(error).__name__}: {said}")
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
