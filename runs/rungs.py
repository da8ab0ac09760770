"""After how many epochs the trials of a search are compared while they run."""

from __future__ import annotations

ETA = 3  # of so many trials at a rung, one goes on; each next rung is at so many times the epochs
RUNGS = 2  # so that no trial is judged by less than a ninth of its epochs: a tenth says little


def first_rung(epochs: int | None) -> int:
    """After how many epochs trials are first compared.

    epochs: of a whole trial, None if that is not known.
    """
    return 1 if epochs is None else max(1, -(-epochs // ETA**RUNGS))
