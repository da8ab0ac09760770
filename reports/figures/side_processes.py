"""Pictures drawn side by side: matplotlib keeps to one core, so that two processes take half."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from reports.reading import Reading

MOST = 4  # processes: each takes a second or two to import what draws

Draw = Callable[..., list[Path]]  # of a reading, a folder, and the parts of a task


def run_all(
    draw: Draw, reading: Reading, folder: Path, tasks: Sequence[Sequence[Any]]
) -> list[Path]:
    """What draw(reading, folder, *task) returns for all, in their order.

    folder: where it draws, which holds the reading meanwhile.

    Raises the first error, as it was.
    """
    if _cores() < 2:
        return [file for task in tasks for file in draw(reading, folder, *task)]
    # Once for all tasks, not with each; a variant stays one object in all of it.
    kept = folder / "reading.pickle"
    kept.write_bytes(pickle.dumps(reading))
    processes = _processes()
    try:
        drawn = [processes.submit(_draw, draw, kept, task) for task in tasks]
        return [file for files in drawn for file in files.result()]
    finally:
        processes.shutdown(wait=True, kill_workers=True)
        kept.unlink()


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


def _draw(draw: Draw, kept: Path, task: Sequence[Any]) -> list[Path]:
    return draw(_read(kept), kept.parent, *task)


@lru_cache(maxsize=1)  # the processes end with the run's pictures, so that it is never an old one
def _read(kept: Path) -> Reading:
    reading: Reading = pickle.loads(kept.read_bytes())
    return reading


def _load() -> None:
    import matplotlib.figure  # noqa: F401

    from reports.figures import catalogue  # noqa: F401
