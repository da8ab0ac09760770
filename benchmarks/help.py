"""How long a study's `--help` takes, as a whole process.

Inside the timer: starting Python, every import, printing, exiting. The other side only imports
torch, ray and mlflow, as a script with these three at its top does before it can print anything.
Each side runs once before the timer starts, so that the libraries are in the page cache.

    python -m benchmarks.help [--repeats N]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.figures import Figure, Target, in_turn, main

REPEATS = 5
HELP = ["-m", "studies.q2_losses", "--help"]
IMPORTS = ["-c", "import torch, ray, mlflow"]


def seconds(words: list[str]) -> float:
    """Wall-clock of one Python process.

    Raises CalledProcessError if it fails.
    """
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def measure(repeats: int) -> list[Figure]:
    """One figure: seconds until a study's options are printed."""
    sides = {"help": lambda: seconds(HELP), "imports": lambda: seconds(IMPORTS)}
    in_turn(sides, 1)
    by_side = in_turn(sides, repeats)
    target = Target("ours", "<", 6)
    return [Figure("--help", "s", by_side["help"], "three imports", by_side["imports"], target)]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
