"""Tests of the measures of gradient steps against enumeration, explicit loops and scikit-learn."""

import math
from collections.abc import Iterable
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from metrics.sampled_steps import noise_scale, principal_plane
from metrics.updates import CountSketch, cosine, effective_step, layer_norms, noise_and_signal

LONG = 150_000  # more than one chunk, and enough for a second thread to take part


def _normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _image_gradients(images: int) -> Tensor:
    """Gradients, one row per image, of a logistic regression with three classes."""
    inputs, labels = _normal(images, 4), torch.arange(images) % 3
    weight = _normal(3, 4, seed=1).requires_grad_()
    losses = torch.nn.functional.cross_entropy(inputs @ weight.T, labels, reduction="none")
    gradients = [torch.autograd.grad(loss, weight, retain_graph=True)[0] for loss in losses]
    return torch.stack(gradients).flatten(1)


def test_layer_norms() -> None:
    vector, sizes = _normal(10).float(), [3, 0, 6, 1]
    parts = vector[:3], vector[3:3], vector[3:9], vector[9:]
    expected = [math.sqrt(sum(float(x) ** 2 for x in part)) for part in parts]
    assert layer_norms(vector, sizes).tolist() == pytest.approx(expected, rel=1e-12)
    assert layer_norms(vector * 1e-30, sizes)[0] == pytest.approx(expected[0] * 1e-30, rel=1e-6)
    for wrong in ([3, 6], [11, -1], []):
        with pytest.raises(ValueError, match="sum to the 10 entries"):
            layer_norms(vector, wrong)
    with pytest.raises(ValueError, match="flat vector"):
        layer_norms(vector.reshape(2, 5), [10])


def test_cosine() -> None:
    a, b = _normal(LONG), _normal(LONG, seed=1)
    b += a
    expected = float((a * b).sum() / ((a * a).sum() * (b * b).sum()).sqrt())
    assert cosine(a, b) == pytest.approx(expected, abs=1e-12)
    for scale in (1e-30, 1e30):  # squares leave the range of float32
        assert cosine(scale * a.float(), b.float()) == pytest.approx(expected, abs=1e-6)
    assert all(-1.0 <= cosine(v, -3 * v) <= cosine(v, v) <= 1.0 for v in _normal(200, 7))
    for other in (torch.zeros(LONG), a.clone().fill_(math.nan), a / 0.0):
        assert math.isnan(cosine(a, other)) and math.isnan(cosine(other, a))
    with pytest.raises(ValueError, match="share a shape"):
        cosine(a, b[1:])


@pytest.mark.parametrize("counts", [(1, 1), (2, 2), (1, 3), (3, 2)])
def test_noise_and_signal_are_unbiased(counts: tuple[int, int]) -> None:
    for population, images in ((6, 6), (None, 4)):
        gradients = _image_gradients(images)
        if population is None:
            draws: Iterable[tuple[int, ...]] = product(range(images), repeat=sum(counts))
        else:
            draws = permutations(range(images), sum(counts))
        estimates = []
        for drawn in draws:
            parts = drawn[: counts[0]], drawn[counts[0] :]
            first, second = (gradients[list(part)].mean(0) for part in parts)
            estimates.append(noise_and_signal(first, second, counts, population))
        variance = gradients.var(0, correction=0 if population is None else 1)
        truth = variance.sum(), gradients.mean(0).square().sum()
        np.testing.assert_allclose(np.mean(estimates, axis=0), truth, rtol=0, atol=1e-10)


def test_noise_of_equal_gradients_and_errors() -> None:
    g = _normal(LONG)
    assert noise_and_signal(g, g, (2, 3), 9) == pytest.approx((0.0, float(g.square().sum())))
    assert all(noise_and_signal(v, v * (1 + 1e-15), (1, 1), None)[0] >= 0 for v in _normal(99, 9))
    for counts in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="at least one image"):
            noise_and_signal(g, g, counts, None)
    with pytest.raises(ValueError, match="population of 3"):
        noise_and_signal(g, g, (2, 2), 3)
    with pytest.raises(ValueError, match="share a shape"):
        noise_and_signal(g, g[1:], (2, 2), None)


@pytest.mark.filterwarnings("error")
def test_noise_scale() -> None:
    assert noise_scale([4.0, 8.0], [3.0, -1.0]) == 6.0
    for noise, signal in (([], []), ([1.0], [0.0]), ([1.0, 1.0], [1.0, -2.0]), ([1.0], [math.nan])):
        assert noise_scale(noise, signal) is None
    with pytest.raises(ValueError, match="share a shape"):
        noise_scale([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Adam", {}),
        ("AdamW", {"weight_decay": 0.1}),
        ("Adam", {"amsgrad": True}),
        ("NAdam", {}),
        ("RAdam", {}),
    ],
)
def test_effective_step_agrees_with_a_loop(name: str, options: dict[str, Any]) -> None:
    weight = _normal(2, 3, 2, 2).to(memory_format=torch.channels_last)  # its state is not in order
    parameters = [p.requires_grad_() for p in (weight, _normal(3), _normal(2), _normal(2, 2))]
    weight, bias, frozen, late = parameters
    groups = [{"params": [late, weight]}, {"params": [bias, frozen], "betas": (0.5, 0.7)}]
    optimizer = getattr(torch.optim, name)(groups, lr=0.1, betas=(0.8, 0.95), eps=0.01, **options)
    assert effective_step(optimizer, parameters) is None
    m, v, v_max = ([torch.zeros_like(p) for p in parameters] for _ in range(3))
    for step in range(1, 7):
        expected, before = [], [p.detach().clone() for p in parameters]
        for i, p in enumerate(parameters):
            begun = 3 if p is late else 1
            if p is frozen or step < begun:
                expected.append(torch.zeros(p.numel(), dtype=torch.float64))
                continue
            # Shrinking, so that AMSGrad's maximum is not the latest.
            p.grad = _normal(*p.shape, seed=10 * step + i) * 0.5**step
            (beta1, beta2), t = (0.5, 0.7) if p is bias else (0.8, 0.95), step - begun + 1
            m[i] = beta1 * m[i] + (1 - beta1) * p.grad
            v[i] = beta2 * v[i] + (1 - beta2) * p.grad**2
            v_max[i] = torch.maximum(v_max[i], v[i]) if "amsgrad" in options else v[i]
            root = (v_max[i] / (1 - beta2**t)).sqrt()
            expected.append((m[i] / (1 - beta1**t) / (root + 0.01)).abs().flatten())
        optimizer.step()
        for _ in range(2):  # reading leaves the state as it is
            result = effective_step(optimizer, parameters)
            assert result is not None
            torch.testing.assert_close(result, torch.cat(expected), rtol=1e-10, atol=0)
        if name == "Adam":
            moved = [(p.detach() - b).flatten() for p, b in zip(parameters, before, strict=True)]
            torch.testing.assert_close(torch.cat(moved).abs() / 0.1, result, rtol=1e-9, atol=1e-12)


def test_effective_step_of_steady_sparse_and_growing_gradients() -> None:
    parameter, beta1, beta2 = torch.zeros(3, requires_grad=True, dtype=torch.float64), 0.8, 0.99
    optimizer = torch.optim.Adam([parameter], betas=(beta1, beta2))
    for left in reversed(range(800)):
        parameter.grad = torch.tensor([-3.0, left == 0, (beta1 / beta2) ** left]).double()
        optimizer.step()
    result = effective_step(optimizer, [parameter])
    assert result is not None
    papers = (1 - beta1) / math.sqrt(1 - beta2)
    bound = papers / math.sqrt(1 - beta1**2 / beta2)
    assert result.tolist() == pytest.approx([1.0, papers, bound], rel=0.001)
    assert result[1] <= papers < result[2] <= bound


def test_effective_step_of_other_optimisers() -> None:
    parameter = _normal(3).requires_grad_()
    parameter.grad = _normal(3)
    for kind in (torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adamax):
        optimizer = kind([parameter], lr=0.1)
        optimizer.step()
        assert effective_step(optimizer, [parameter]) is None


def test_count_sketch_adds_each_entry_to_one_bucket_with_a_sign() -> None:
    sketch = CountSketch(2000, width=8, seed=3)
    columns = torch.stack([sketch.sketch(row) for row in torch.eye(2000, dtype=torch.float64)])
    assert columns.abs().sum(1).eq(1).all() and columns.ne(0).sum(1).eq(1).all()
    cells = torch.cat([columns.eq(1), columns.eq(-1)], dim=1).sum(0)
    assert cells.min() > 80 and cells.max() < 170  # each of 16 cells gets 125 +- 11
    a, b = _normal(2, 2000)
    torch.testing.assert_close(sketch.sketch(a), a @ columns, rtol=0, atol=1e-12)
    difference = sketch.sketch(a) - sketch.sketch(b)
    torch.testing.assert_close(sketch.sketch(a - b), difference, rtol=0, atol=1e-12)


def test_count_sketch_inner_products_are_unbiased() -> None:
    a, b = _normal(500), _normal(500, seed=1)
    b += 0.3 * a
    sketches = [CountSketch(500, width=16, seed=seed) for seed in range(2000)]
    products = torch.stack([s.sketch(a).dot(s.sketch(b)) for s in sketches])
    pairs = a.square().sum() * b.square().sum() + a.dot(b) ** 2 - 2 * (a * b).square().sum()
    deviation = (pairs / 16).sqrt()
    assert abs(products.mean() - a.dot(b)) < 4 * deviation / math.sqrt(2000)
    assert float(products.std()) == pytest.approx(float(deviation), rel=0.1)


def test_count_sketch_is_the_same_everywhere() -> None:
    vector, threads = _normal(LONG).float(), torch.get_num_threads()
    sketches, state = [], torch.get_rng_state()
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            sketches.append(CountSketch(LONG).sketch(vector))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(sketches[0], sketches[1]) and torch.equal(sketches[1], sketches[2])
    assert torch.equal(state, torch.get_rng_state())
    # What another process finds.
    elsewhere = CountSketch(8, width=4).sketch(2.0 ** torch.arange(8))
    assert elsewhere.tolist() == [8 - 1, -4, 0, 16 + 32 + 64 - 2 - 128]
    assert not torch.equal(CountSketch(LONG, seed=1).sketch(vector), sketches[0])
    assert sketches[0].shape == (256,) and sketches[0].dtype == torch.float32
    with pytest.raises(ValueError, match="must have shape"):
        CountSketch(3).sketch(vector)
    for size, width in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            CountSketch(size, width)


@pytest.mark.parametrize("shape", [(30, 5), (6, 40), (3, 2), (2, 7)])
def test_principal_plane_agrees_with_sklearn(shape: tuple[int, int]) -> None:
    for seed in range(8):
        points = _normal(*shape, seed=seed).numpy().cumsum(axis=0) + 100.0
        coordinates, shares = principal_plane(points)
        reference = PCA(2, svd_solver="full").fit(points)
        expected = reference.transform(points)
        expected *= np.where(expected[-1] < 0, -1, 1)
        np.testing.assert_allclose(coordinates, expected, rtol=0, atol=1e-9)
        np.testing.assert_allclose(shares, reference.explained_variance_ratio_, rtol=0, atol=1e-12)
        assert np.all(coordinates[-1] >= 0)


def test_principal_plane_of_a_line_and_of_one_point() -> None:
    line = np.array([0.1, 0.7, 0.4, 1.2])
    direction = np.array([0.3, -0.6, 0.7]) / math.sqrt(0.94)
    for points in (line[:, None], line[:, None] * direction, line[:, None] * -direction):
        coordinates, shares = principal_plane(points)
        np.testing.assert_allclose(coordinates[:, 0], line - line.mean(), rtol=0, atol=1e-12)
        assert not coordinates[:, 1].any() and shares.tolist() == [1.0, 0.0]
    for same in (np.full((7, 3), 0.1), np.full((7, 1), 0.1)):
        coordinates, shares = principal_plane(same)
        assert coordinates.shape == (7, 2) and not coordinates.any() and not shares.any()
    for wrong in (np.zeros((1, 3)), np.zeros(3), np.zeros((0, 2))):
        with pytest.raises(ValueError, match="N >= 2"):
            principal_plane(wrong)
    with pytest.raises(ValueError, match="finite"):
        principal_plane([[0.0, 1.0], [math.nan, 1.0]])
    with pytest.raises(ValueError, match="one column"):
        principal_plane(np.zeros((3, 0)))
