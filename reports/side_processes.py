"""Pictures drawn side by side: matplotlib keeps to one core, so that two processes take half."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reports.pictures import Job

FEW = 4  # jobs for which a process would start in vain
MOST = 4  # processes: each takes a second or two to import what draws


def run_all(jobs: Sequence[Job]) -> list[Path]:
    """What all of them return, in their order; the first error, as it was."""
    cores = min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if len(jobs) <= FEW or cores < 2:
        return [file for job in jobs for file in job()]
    import joblib
    from joblib.externals.loky import get_reusable_executor

    # Loky's processes neither fork this one, whose threads may hold locks, nor run its main module
    # again, which a study's is slow to import. They are not left behind.
    parallel = joblib.Parallel(
        n_jobs=cores, backend="loky", batch_size=1, pre_dispatch="all", max_nbytes=None
    )
    try:
        drawn = parallel(joblib.delayed(job)() for job in jobs)
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
    return [file for files in drawn for file in files]
