"""Classes with test images that no image is predicted to be."""

from __future__ import annotations

from reports.audit.check import Check, tested
from reports.audit.trial_files import TrialFiles, first
from runs.artifacts import Absent

ENOUGH = 5  # images of a class that must be predicted once: P(never) = exp(-5) < 1 % if as often
LISTED = 5  # classes that the sentence names


def says(files: TrialFiles) -> str | None:
    """Their names."""
    table = files.table
    if table.shape[0] != table.shape[1]:
        raise Absent("the confusion matrix is not square")
    given = first(lambda: files.images, lambda: table.sum(1))
    given = given if len(given) == len(table) else table.sum(1)
    never = (table.sum(0) == 0) & (given >= ENOUGH)
    names = sorted(
        name for name, no in zip(files.class_names_of(len(table)), never, strict=True) if no
    )
    if not names:
        return None
    listed = ", ".join(names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"Never predicted, of {len(table)} classes: {listed}{more}."


CHECK = Check("class_never_predicted", tested, says, looks_for="a class never predicted")
