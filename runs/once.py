"""What is worked out from a run once, however often it is asked for: a run never changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from runs.run import Run

P = ParamSpec("P")
R = TypeVar("R")


def once(work: Callable[Concatenate[Run, P], R]) -> Callable[Concatenate[Run, P], R]:
    """A function of a run, and of arguments that have a hash, that keeps what it gave with the run.

    What it gives must not be changed.
    """
    name = f"{work.__module__}.{work.__qualname__}"

    @wraps(work)
    def known(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> R:
        place = (name, args, tuple(sorted(kwargs.items())))
        if place not in run.known:
            run.known[place] = work(run, *args, **kwargs)
        found: R = run.known[place]
        return found

    return known
