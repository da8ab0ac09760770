"""Every check of the audit, a file each, in the order in which a trial is asked.

A new one is a file in this folder that has a CHECK, and its name in this list.
"""

from __future__ import annotations

from importlib import import_module

from reports.audit.check import Check

CHECKS: list[Check] = [
    import_module(f"{__name__}.{file}").CHECK
    for file in (
        "metrics_finite",
        "shared_images",
        "few_shared_images",
        "sizes_differ",
        "stuck_at_ln_c",
        "unfinished",
        "scores_finite",
        "confusion_shape",
        "confusion_rows",
        "embeddings_finite",
        "one_batch",
        "chance",
        "independent",
        "class_never_predicted",
        "collapsed",
        "triplet_at_margin",
        "shuffled_labels",
    )
]
