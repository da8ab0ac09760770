"""Where numbers come from: commit, versions and hardware; no host names, no home folders."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runs.record import Commit

LIBRARIES = ("torch", "torchvision", "scikit-learn", "ray", "mlflow", "numpy")


def commit() -> Commit:
    """Of this checkout."""
    root = Path(__file__).resolve().parents[1]

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    status = git("status", "--porcelain", "--untracked-files=no")
    return Commit(commit=git("rev-parse", "HEAD"), dirty=None if status is None else bool(status))


def environment() -> dict[str, Any]:
    """Python, library versions and the processor."""
    import joblib

    return {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "machine": platform.machine(),
        "system": platform.system(),
        "cpus": joblib.cpu_count(),
    }
