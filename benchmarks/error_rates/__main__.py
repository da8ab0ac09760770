"""Simulate all studies and print their tables; progress goes to the standard error."""

from __future__ import annotations

import argparse
import sys
import time

import benchmarks.error_rates as about
from benchmarks.error_rates import deaths, families, intervals, looks, verdicts
from benchmarks.figures import at_least_one

STUDIES = 500
TABLES = (
    verdicts.TABLE, deaths.TABLE, families.TABLE, looks.TABLE, intervals.COVERAGE,
    intervals.UNEQUAL, intervals.POOLS,
)  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.error_rates",
        description=about.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--studies", type=at_least_one, default=STUDIES, help="of each cell (default: %(default)s)"
    )
    studies = parser.parse_args().studies
    began = time.perf_counter()

    def progress(what: str) -> None:
        print(f"{time.perf_counter() - began:5.0f} s  {what}", file=sys.stderr, flush=True)

    for table in TABLES:
        for line in table.lines(studies, progress):
            print(line, flush=True)
        print(flush=True)
    error = 200.0 * (0.05 * 0.95 / studies) ** 0.5
    print(
        f"{studies:,} studies a cell (`python -m benchmarks.error_rates --studies {studies}`): a "
        f"rate of 5 % is told to ± {error:.1f}. n is the number of seeds. What misses what it must "
        "be is bold."
    )


if __name__ == "__main__":
    main()
