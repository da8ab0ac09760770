"""How far a mean over test images would stray on other test images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def image_errors(values: npt.NDArray[np.float64], flip: float) -> tuple[float, float]:
    """Standard errors of the mean of values (S, N) that other test images alone imply.

    values: of S >= 1 seeds on the same N >= 2 images, such as which of two networks has them right.
    flip: the square of what an image adds to the sum of squares where each network has one image
        more right and one more wrong by half: 1 for the difference of two.

    Returns that of the images' own part, without what is other in each seed, which the spread over
    seeds has already (crossed random effects; Owen, Annals of Applied Statistics 1, 386, 2007), and
    the least that an interval may have, with that part. Half an image is added to each count of
    images that only one has right (Agresti and Min, Statistics in Medicine 24, 729, 2005), so that
    few of them do not pass for none.
    """
    seeds, images = values.shape
    means = values.mean(axis=0)
    centred = means - means.mean()
    total = (float(centred @ centred) + flip) / (images - 1)
    inner = 0.0
    if seeds > 1:
        # Within images, less what the seeds' means have of it.
        within = float(np.square(values - means).sum())
        within -= images * float(np.square(values.mean(axis=1) - values.mean()).sum())
        inner = within / ((seeds - 1) * (images - 1))
    own = max(total - inner / seeds, 0.0)
    return math.sqrt(own / images), math.sqrt(total / images)
