"""The files that a trial leaves beside its metrics: what each holds, how it is written and read.

Each is written beside and renamed into place: a reader sees the old file or the new one. A file of
an older version loads as lacking what it lacks; one that is not there, or is broken, is Absent.
"""

from runs.artifacts.absent import Absent
from runs.artifacts.class_table import ClassTable
from runs.artifacts.confusion import Confusion
from runs.artifacts.embeddings import Embeddings
from runs.artifacts.hit_curve import HitCurve
from runs.artifacts.predictions import Predictions
from runs.artifacts.seen import Seen, Split
from runs.artifacts.updates import Updates

__all__ = [
    "Absent",
    "ClassTable",
    "Confusion",
    "Embeddings",
    "HitCurve",
    "Predictions",
    "Seen",
    "Split",
    "Updates",
]
