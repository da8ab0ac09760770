"""Python processes as a user starts them, on the CPU and with services of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Ended(NamedTuple):
    """A process that has ended.

    seconds: from its start to its exit.
    printed: to its standard output.
    """

    seconds: float
    printed: str


def python(*words: str | Path, cwd: Path | None = None) -> Ended:
    """Run `python WORDS`.

    cwd: where; None: here.

    Raises RuntimeError with its last words if it fails.
    """
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "MLFLOW_DISABLE_TELEMETRY": "true"}
    for name in ("RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    command = [sys.executable, *map(str, words)]
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-2000:]}")
    return Ended(seconds, done.stdout)
