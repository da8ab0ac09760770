"""The checks of an audit: each takes what a trial left and says what is wrong, or None.

All raise Absent where a file that they need is not there. Tests have a level of 1 %: of trials
truly at chance one in a hundred goes unnoticed, and what learnt something has a far smaller p.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.

from reports.audit.trial_files import Array, TrialFiles, first
from runs.artifacts import Absent, Predictions
from runs.record import TrialRecord

LEVEL = 0.01
NAMED = 10  # classes from which on names dealt at random are tested: fewer have too few namings
DEVIATIONS = 2.33  # from their mean that a naming must lie above; LEVEL of a normal distribution
ENOUGH = 5  # images of a class that must be predicted once: P(never) = exp(-5) < LEVEL if as often
STUCK = 0.03  # of ln C: cross-entropy this near to it
FALLEN = 0.01  # of its largest value: an auxiliary loss, or a length, below it is gone
ONE_POINT = 0.99  # mean cosine of two embeddings: near 0 after BatchNorm, below it after a ReLU
AT_MARGIN = 0.01  # a triplet loss this near to its margin; distances are about 1
BY_HEART = 0.95  # train accuracy on one batch: 61 of 64 images
FEW = 0.001  # of the test images: fewer that train has, too, move accuracy by less than 0.1 points
LISTED = 5  # classes that a sentence names


def unfinished(left: TrialFiles) -> str | None:
    """Nothing: what a trial says of its test set needs its end."""
    raise Absent(f"the trial is {left.trial.status}")


def metrics_finite(left: TrialFiles) -> str | None:
    """A metric of any epoch that is NaN or infinite."""
    lines = ((f" in epoch {line.get('epoch')}", line) for line in left.trial.lines)
    for where, values in chain(lines, [("", left.trial.metrics)]):
        for name, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                return f"{name} is {value}{where}."
    return None


def scores_finite(left: TrialFiles) -> str | None:
    """The same of the scores of test images."""
    if left.predictions.scores is None:
        raise Absent(f"no scores in {Predictions.FILE}")
    return _not_finite(left.predictions.scores, "scores of test images")


def embeddings_finite(left: TrialFiles) -> str | None:
    """The same of their embeddings."""
    return _not_finite(left.embeddings, "values of the test images' embeddings")


def _not_finite(values: Array, what: str) -> str | None:
    wrong = int((~np.isfinite(values)).sum())
    return f"{wrong:,} of {values.size:,} {what} are NaN or infinite." if wrong else None


def shared(left: TrialFiles) -> str | None:
    """Identical images on both sides, enough of them to move accuracy by a tenth of a point."""
    return _shared(left) if left.seen.shared > FEW * left.images.sum() else None


def few_shared(left: TrialFiles) -> str | None:
    """A few of them, which is worth a word and puts no number in doubt."""
    return _shared(left) if 0 < left.seen.shared <= FEW * left.images.sum() else None


def _shared(left: TrialFiles) -> str:
    both, images = left.seen.shared, left.images.sum()
    are = "images are" if both > 1 else "image is"
    return f"{both:,} of {images:,} test {are} also in train or validation."


def sizes(left: TrialFiles) -> str | None:
    """Pixels of a train, validation and test image."""
    parts = left.seen.train, left.seen.val, left.seen.test
    train, val, test = ("x".join(map(str, part.size)) for part in parts)
    if train == val == test:
        return None
    return f"Train images have {train} pixels, validation images {val}, test images {test}."


def shape(left: TrialFiles) -> str | None:
    """A confusion matrix that is not C x C."""
    rows, columns = left.matrix.counts.shape
    if rows == columns == left.classes:
        return None
    return f"The confusion matrix is {rows} x {columns}, but there are {left.classes} classes."


def rows(left: TrialFiles) -> str | None:
    """A row of the confusion matrix that does not add up to the test images of its class."""
    given, told = left.images, first(lambda: left.matrix.counts, lambda: left.table).sum(1)
    if told.tolist() == given.tolist():
        return None
    names = left.names_of(len(told))
    if len(told) == len(given):
        differ = zip(np.abs(told - given).tolist(), names, told, given, strict=True)
        _, name, row, own = max(differ)
        return f"The confusion matrix has {row:,} images of {name}, the test set {own:,}."
    row, name = max(zip(told.tolist(), names, strict=True))
    return (
        f"The confusion matrix has {row:,} images of {name} and {told.sum():,} in all, the test "
        f"set {given.max():,} of its largest class and {given.sum():,} in all."
    )


def stuck(left: TrialFiles) -> str | None:
    """Cross-entropy at ln C, as of guessing, while an auxiliary loss has gone to zero."""
    entropies, extra = left.series("train/cross_entropy"), left.series("train/auxiliary_loss")
    if not entropies or not extra or not extra[-1] < FALLEN * max(extra):
        return None
    uniform = math.log(left.classes)
    if abs(entropies[-1] - uniform) > STUCK * uniform:
        return None
    return (
        f"Cross-entropy ended at {entropies[-1]:.3f}, where guessing has ln {left.classes} = "
        f"{uniform:.3f}, while the auxiliary loss fell from {max(extra):.3g} to {extra[-1]:.2g}."
    )


def collapsed(left: TrialFiles) -> str | None:
    """Embeddings at one point: of no length any more, or all in one direction."""
    points, norms = left.embeddings, left.series("train/embedding_norm")
    if len(points) < 2 or not np.isfinite(points).all():
        raise Absent("no two finite embeddings")
    lengths = np.linalg.norm(points, axis=1)
    longest = max([*norms, float(lengths.max())])
    if not lengths.mean() >= FALLEN * longest or not longest:
        return f"Embeddings have a length of {lengths.mean():.2g}, after {longest:.3g} in training."
    # The mean of all pairs' cosines; 1 less it is the variance of the unit vectors.
    cosine = float(np.square((points / np.where(lengths, lengths, 1.0)[:, None]).mean(0)).sum())
    if cosine <= ONE_POINT:
        return None
    return f"All embeddings point one way: two of them have a cosine of {cosine:.4f} on average."


def at_margin(left: TrialFiles) -> str | None:
    """A triplet loss that stays where all distances are equal: at its margin, or ln 2."""
    settings, extra = left.trial.settings, left.series("train/auxiliary_loss")
    soft = bool(settings.get("soft_margin"))
    margin = math.log(2) if soft else float(settings.get("margin", 0.0))
    if settings.get("loss") != "triplet" or margin == 0 or not extra:
        return None
    # Half of all epochs: a loss that learns can pass its margin, and does not stay there.
    stays = np.abs(np.array(extra[len(extra) // 2 :]) - margin) <= AT_MARGIN * min(margin, 1.0)
    if not stays.all():
        return None
    what = "ln 2 = 0.6931, which its soft margin has" if soft else f"its margin of {margin:g}, as"
    return f"The triplet loss ended at {extra[-1]:.4f}, {what} where all distances are equal."


def chance(left: TrialFiles) -> str | None:
    """Accuracy not above chance: by a binomial test, or no better than names dealt at random."""
    (share, images), accuracy = left.chance, left.accuracy
    right = round(accuracy * images)
    p = float(scipy.stats.binomtest(right, images, share, alternative="greater").pvalue)
    if p > LEVEL:
        return (
            f"Test accuracy is {_percent(accuracy)} of {images:,} images, not significantly above "
            f"the {_percent(share)} of always naming the largest class (binomial, p = {p:.2g})."
        )
    try:
        return _names_by_luck(left.table)
    except Absent:  # a kept trial may have no more than its accuracy
        return None


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _names_by_luck(table: Array) -> str | None:
    """Whether as many would be right had the predicted classes exchanged their names at random.

    A machine trained on shuffled labels finds groups and names them by luck, which a binomial test
    of single images takes for knowledge. Exact mean and variance of the trace over all namings
    (Hoeffding, Annals of Mathematical Statistics 22, 558, 1951). A perfect table lies C - 1
    deviations above the mean, one with a single class sqrt(C - 1).
    """
    if not NAMED <= len(table) == table.shape[1]:
        return None
    centered = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    deviation = math.sqrt(np.square(centered).sum() / (len(table) - 1))
    if np.trace(centered) > DEVIATIONS * deviation:
        return None
    images = int(table.sum())
    right, mean, sd = np.trace(table) / images, 1 / len(table), deviation / images
    return (
        f"Test accuracy is {_percent(right)} of {images:,} images, and the same predictions with "
        f"class names dealt at random would have {100 * mean:.1f} ± {100 * sd:.1f} %."
    )


def independent(left: TrialFiles) -> str | None:
    """Predictions that do not depend on labels, by a chi-square test of their table.

    Of many classes few points above chance drown in the noise of C x C cells, so that agreement
    alone, against what these predictions would have by chance, is tested too.
    """
    table = left.table
    images, right = int(table.sum()), int(np.trace(table))
    by_chance = float(np.diagonal(np.outer(table.sum(1), table.sum(0))).sum() / max(images, 1) ** 2)
    names = np.array(left.names_of(table.shape[1]))[table.sum(0) > 0]
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


def never_predicted(left: TrialFiles) -> str | None:
    """Classes with test images that no image is predicted to be."""
    table = left.table
    if table.shape[0] != table.shape[1]:
        raise Absent("the confusion matrix is not square")
    given = first(lambda: left.images, lambda: table.sum(1))
    given = given if len(given) == len(table) else table.sum(1)
    never = (table.sum(0) == 0) & (given >= ENOUGH)
    names = sorted(name for name, no in zip(left.names_of(len(table)), never, strict=True) if no)
    if not names:
        return None
    listed = ", ".join(names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"Never predicted, of {len(table)} classes: {listed}{more}."


def one_batch(left: TrialFiles) -> str | None:
    """A control with one batch that did not learn it by heart."""
    accuracy = left.series("train/accuracy")
    if not accuracy:
        raise Absent("no train/accuracy")
    if accuracy[-1] >= BY_HEART:
        return None
    return f"One batch was not learnt by heart: train accuracy ended at {_percent(accuracy[-1])}."


def learnt(ordinary: Sequence[TrialRecord], left: TrialFiles) -> str | None:
    """A control above chance by over half of what the ordinary trial of its settings is."""
    if not ordinary:
        raise Absent("no finished ordinary trial")
    other, (share, _) = TrialFiles(ordinary[0]), left.chance
    if chance(other):
        raise Absent("the ordinary trial is itself at chance")
    if left.accuracy <= share + (other.accuracy - share) / 2:
        return None
    return (
        f"Trained on shuffled labels, test accuracy is {_percent(left.accuracy)}, where right ones "
        f"give {_percent(other.accuracy)} and chance {_percent(share)}."
    )
