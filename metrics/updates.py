"""What gradient steps look like: norms, directions, noise, Adam's step and the path of training.

Vectors are the P scalars of a network's parameters, gradients or steps in one flat floating-point
tensor. Everything here is meant for sampled steps of a training loop and costs a few passes over
the vector. Norms and products are accumulated in float64, where the squares of float32 numbers
neither vanish nor overflow.
"""

import math
from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

_CHUNK = 65_536


def _products(a: Tensor, b: Tensor) -> tuple[float, float, float]:
    """|a|^2, <a, b> and |b|^2."""
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"The vectors must share a shape (P,), got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    aa, ab, bb = 0.0, 0.0, 0.0
    # A chunk's copies stay in the cache; those of long vectors cost more than the arithmetic.
    parts = (torch.split(vector.detach(), _CHUNK) for vector in (a, b))
    for x, y in zip(*parts, strict=True):
        x, y = x.double(), y.double()
        aa, ab, bb = aa + float(x.dot(x)), ab + float(x.dot(y)), bb + float(y.dot(y))
    return aa, ab, bb


def layer_norms(vector: Tensor, sizes: Sequence[int]) -> Tensor:
    """Euclidean norms, float64 (L,), of the L consecutive parts of a vector.

    An empty part has norm 0.

    vector: (P,).
    sizes: lengths of the L parts, none negative, which sum to P.

    Raises ValueError if sizes are others.
    """
    if vector.ndim != 1 or not sizes or min(sizes) < 0 or sum(sizes) != len(vector):
        raise ValueError(
            f"The sizes of the parts must sum to the {vector.numel()} entries of a flat vector, "
            f"got a sum of {sum(sizes)} and shape {tuple(vector.shape)}."
        )
    parts = torch.split(vector.detach().double(), list(sizes))
    return torch.stack([part.dot(part) for part in parts]).sqrt()


def cosine(a: Tensor, b: Tensor) -> float:
    """Cosine of the angle between two vectors, in [-1, 1].

    NaN if either is exactly zero or not finite.

    a, b: (P,).

    Raises ValueError if the shapes differ.
    """
    aa, ab, bb = _products(a, b)
    if aa == 0.0 or bb == 0.0:
        return float("nan")
    # Rounding can pass 1. NaN, the first argument of both, stays NaN.
    return max(min(ab / (math.sqrt(aa) * math.sqrt(bb)), 1.0), -1.0)


def noise_and_signal(
    first: Tensor, second: Tensor, counts: tuple[int, int], population: int | None
) -> tuple[float, float]:
    """Unbiased estimates of tr(S) and |G|^2 from two batches' gradients at the same parameters.

    G, of shape (P,), is the mean of the gradients of all images and S their covariance: normalised
    by population - 1, or, without a population, that of the distribution that images come from. The
    estimate of tr(S) is at least 0, that of |G|^2 can be negative. McCandlish et al., "An Empirical
    Model of Large-Batch Training", arXiv 1812.06162, 2018, appendix A.1, whose estimators (with
    B_small = n, B_big = 2n) are the same for two parts of n images out of an infinite population.

    first, second: (P,), the mean gradients of two disjoint parts of a batch.
    counts: images of the two parts, at least 1.
    population: images that they are drawn from without replacement; None: independently, with
        replacement.

    Raises ValueError if a count is below 1, the population smaller than both parts, or shapes
    differ.
    """
    if min(counts) < 1:
        raise ValueError(f"Each part needs at least one image, got {counts[0]} and {counts[1]}.")
    if population is not None and population < sum(counts):
        raise ValueError(f"{sum(counts)} images cannot be drawn from a population of {population}.")
    squared, product, other = _products(first, second)
    # |first - second|^2, which rounding can take below 0 where the two are nearly equal.
    distance = max(squared - 2.0 * product + other, 0.0)
    noise = distance / (1.0 / counts[0] + 1.0 / counts[1])
    if population is None:
        return noise, product
    # Exact: any two different images have E<x, y> = |G|^2 - tr(S) / N, since E|x|^2 is
    # |G|^2 + tr(S) (N - 1) / N and N^2 |G|^2 = N E|x|^2 + N (N - 1) E<x, y>. So do two parts, and
    # with their variances tr(S) (1/n - 1/N) the estimate of tr(S) is exact without a correction.
    return noise, product + noise / population


def effective_step(optimizer: torch.optim.Optimizer, parameters: Sequence[Tensor]) -> Tensor | None:
    """Adam's last step in units of the learning rate, |m_hat| / (sqrt(v_hat) + eps), (P,).

    Read from the optimiser's state; weight decay outside the gradient is no part of it. 0 for
    parameters that have had no gradient yet. None before the first step and for optimisers without
    both moments (SGD, RMSprop, Adamax). With AMSGrad v is the largest so far and, as in torch,
    corrected after the maximum is taken. NAdam and RAdam keep the same moments but step
    differently: this is what Adam would do.

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015 (arXiv 1412.6980),
    section 2.1: 1 for a gradient that stays the same, less the more it changes, and
    (1 - beta1) / sqrt(1 - beta2), 3.2 by default, for the first after many zeros. The paper calls
    this a bound, but gradients that grow steadily reach more. Cauchy-Schwarz gives, for
    beta1^2 < beta2, (1 - beta1) / sqrt((1 - beta2) (1 - beta1^2 / beta2)), 7.3 by default.

    parameters: decide the order of the result; P is their total size.
    """
    states = {p: optimizer.state.get(p) or {} for p in parameters}
    started = [state for state in states.values() if state]
    if not started or not all("exp_avg" in s and "exp_avg_sq" in s for s in started):
        return None
    groups = {p: group for group in optimizer.param_groups for p in group["params"]}

    def scalars(parameter: Tensor) -> tuple[float, float, float, float] | None:
        if not states[parameter]:
            return None
        beta1, beta2 = groups[parameter]["betas"]
        eps, step = groups[parameter]["eps"], states[parameter]["step"]
        return float(beta1), float(beta2), float(eps), float(step)

    # Most often all parameters share these numbers, and a few long operations do for all layers.
    steps = []
    for shared, run in groupby(parameters, scalars):
        if shared is None:
            steps += [torch.zeros_like(p, requires_grad=False).flatten() for p in run]
            continue
        beta1, beta2, eps, step = shared
        moments = [states[p] for p in run]
        mean = torch.cat([m["exp_avg"].flatten() for m in moments])
        square = torch.cat([m.get("max_exp_avg_sq", m["exp_avg_sq"]).flatten() for m in moments])
        # Numerator and denominator are both multiplied by the correction of the mean.
        correction = 1.0 - beta1**step
        root = square.sqrt_().mul_(correction / math.sqrt(1.0 - beta2**step))
        steps.append(mean.abs_().div_(root.add_(correction * eps)))
    return torch.cat(steps)


class CountSketch:
    """A short random linear image of vectors of shape (P,) that keeps their inner products.

    `sketch` adds each of the P entries, with a random sign, to one of `width` random buckets: over
    seeds, the inner product of two sketches has the mean <a, b> and a standard deviation of at most
    |a| |b| sqrt(2 / width). Size, width and seed alone decide the signs and buckets, so sketches
    made in different processes or on different devices can be compared. Charikar, Chen and
    Farach-Colton, "Finding Frequent Items in Data Streams", ICALP 2002.

    size: P, at least 1.
    width: numbers of a sketch, at least 1.

    Raises ValueError if size or width is below 1.
    """

    def __init__(self, size: int, width: int = 256, seed: int = 0) -> None:
        if size < 1 or width < 1:
            raise ValueError(f"size and width must be at least 1, got {size} and {width}.")
        self.width = width
        # Bucket and sign in one number: `width` cells to add to and `width` to subtract from. The
        # CPU's generator gives the same numbers whatever device the vectors are on.
        generator = torch.Generator().manual_seed(seed)
        self._cells = torch.randint(2 * width, (size,), generator=generator)

    def sketch(self, vector: Tensor) -> Tensor:
        """The sketch (width,) of a vector, in its dtype and on its device.

        The same bits each time on a CPU; on a GPU the order of the sums, so the last bits, can
        vary, unless torch was told to use deterministic algorithms.

        vector: (P,).

        Raises ValueError if the shape is another.
        """
        if vector.shape != self._cells.shape:
            raise ValueError(
                f"The vector must have shape {tuple(self._cells.shape)}, "
                f"got shape {tuple(vector.shape)}."
            )
        self._cells = self._cells.to(vector.device)  # moved once, at the first call
        sums = vector.new_zeros(2 * self.width).scatter_add_(0, self._cells, vector.detach())
        return sums[: self.width] - sums[self.width :]
