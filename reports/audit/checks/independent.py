"""Predictions that do not depend on labels."""

from __future__ import annotations

import numpy as np
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

from reports.audit.check import LEVEL, Check, tested
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent


def says(files: TrialFiles) -> str | None:
    """By a chi-square test of their table with the labels.

    Of many classes few points above chance drown in the noise of C x C cells, so that agreement
    alone, against what these predictions would have by chance, is tested too.
    """
    table = files.table
    images, right = int(table.sum()), int(np.trace(table))
    by_chance = float(np.diagonal(np.outer(table.sum(1), table.sum(0))).sum() / max(images, 1) ** 2)
    names = np.array(files.class_names_of(table.shape[1]))[table.sum(0) > 0]
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    if len(names) == 1:
        return f"All {images:,} test images are predicted to be {names[0]}."
    # As many as the chi-square distribution needs (Koehler and Larntz, JASA 75, 336, 1980).
    if len(table) < 2 or images**2 < 10 * table.size:
        raise Absent("too few test images")
    p = scipy.stats.chi2_contingency(table, correction=False).pvalue
    agree = scipy.stats.binomtest(right, images, by_chance, alternative="greater").pvalue
    if min(p, agree) <= LEVEL:
        return None
    return f"Predictions do not depend on labels (chi-square test of {images:,}, p = {p:.2g})."


CHECK = Check("independent", tested, says, looks_for="predictions independent of labels")
