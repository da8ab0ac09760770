"""Pictures drawn side by side: matplotlib keeps to one core, so that two processes take half."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.figures.pictures import Job

FEW = 4  # jobs for which a process would start in vain
MOST = 4  # processes: each takes a second or two to import what draws


def run_all(jobs: Sequence[Job]) -> list[Path]:
    """What all of them return, in their order; the first error, as it was."""
    if len(jobs) <= FEW or _cores() < 2:
        return [file for job in jobs for file in job()]
    processes = _processes()
    try:
        drawn = [processes.submit(job) for job in jobs]
        return [file for files in drawn for file in files.result()]
    finally:
        processes.shutdown(wait=True, kill_workers=True)


def start() -> None:
    """Have the processes import what they draw with, while something else is waited for."""
    if _cores() > 1:
        processes = _processes()
        for _ in range(_cores()):
            processes.submit(_load)


def _cores() -> int:
    return min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


def _processes() -> Any:
    # Loky's processes neither fork this one, whose threads may hold locks, nor run its main module
    # again, which a study's is slow to import.
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(max_workers=_cores(), timeout=60)


def _load() -> None:
    import matplotlib.figure  # noqa: F401

    from reports.figures import run_pictures  # noqa: F401
