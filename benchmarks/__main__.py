"""Run every benchmark, each in a process of its own, and print one table.

python -m benchmarks [--repeats N]
"""

from __future__ import annotations

import argparse
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from benchmarks.figures import at_least_one, measured, spread

NAMES = (
    "actor_reuse", "data_path", "cache", "tracking", "tracking_rows", "help", "shared_features",
    "frozen_prefix", "cnn", "whole_run", "page", "scale", "search",
    "search_by_hand",
)  # fmt: skip


def facts() -> str:
    """The machine and the versions that the figures belong to."""
    from service.environment import environment

    here = environment()
    versions = ", ".join(f"{name} {here[name]}" for name in ("python", "torch", "ray", "mlflow"))
    return f"{here['cpus']} CPU cores ({here['machine']}, {here['system']}), {versions}"


def main() -> None:
    """Measure all, print the table; exits with 1 if a measurement broke, never for a target."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=at_least_one, help="of each side; else each one's own")
    repeats = parser.parse_args().repeats
    table = Table(
        "benchmark", "figure", "ours", "compared with", "ratio", "target", title=facts(), leading=1
    )
    broken = []
    for name in NAMES:
        print(f"{name} ...", flush=True)
        try:
            # A process each: no benchmark inherits another's imports, threads or memory.
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                figures = pool.submit(measured, name, repeats).result()
        except Exception:
            traceback.print_exc()
            broken.append(name)
            continue
        for figure in figures:
            table.add_row(
                name,
                figure.what,
                spread(figure.ours, figure.unit),
                f"{figure.other_name}: {spread(figure.other, figure.unit)}",
                spread(figure.ratios),
                figure.verdict,
            )
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if broken:
        sys.exit(f"Not measured: {', '.join(broken)}.")


if __name__ == "__main__":
    main()
