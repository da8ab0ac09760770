"""Pictures drawn side by side: matplotlib keeps to one core, so that two processes take half."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from reports.pictures import Job

FEW = 4  # jobs for which a process would start in vain
MOST = 4  # processes: each takes a second to import what draws


def run_all(jobs: Sequence[Job]) -> list[Path]:
    """What all of them return, in their order; the first error, as it was."""
    cores = min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if len(jobs) <= FEW or cores < 2:
        return [file for job in jobs for file in job()]
    # Not a fork: this process may have threads that hold locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        return [file for files in pool.map(_run, jobs) for file in files]


def _run(job: Job) -> list[Path]:
    return job()
