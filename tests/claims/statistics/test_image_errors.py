"""Errors from test images: an explicit analysis of variance, a mixed model, and other images."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from claims.statistics.images import image_errors

Floats = npt.NDArray[np.float64]


def crossed(seed: int, seeds: int, images: int, by_image: float = 1.0) -> Floats:
    """Values (S, N) with an effect of every seed, of every image, and of both together."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(seeds, images)) + by_image * rng.normal(size=images)
    values: Floats = own + 0.5 * rng.normal(size=(seeds, 1))
    return values


def frame(values: Floats) -> pd.DataFrame:
    seeds, images = np.indices(values.shape)
    return pd.DataFrame({"y": values.ravel(), "seed": seeds.ravel(), "image": images.ravel()})


@pytest.mark.parametrize(("seeds", "images"), [(2, 6), (3, 8), (5, 20)])
def test_the_images_part_is_that_of_an_analysis_of_variance(seeds: int, images: int) -> None:
    values = crossed(images, seeds, images)
    table = sm.stats.anova_lm(smf.ols("y ~ C(seed) + C(image)", frame(values)).fit())
    by_image, rest = table.mean_sq["C(image)"], table.mean_sq["Residual"]
    own, least = image_errors(values, flip=0.0)
    assert own**2 * images == pytest.approx((by_image - rest) / seeds)
    assert least**2 * images == pytest.approx(by_image / seeds)


def test_the_images_part_is_that_of_a_mixed_model() -> None:
    values = crossed(3, 3, 30)
    fitted = smf.mixedlm("y ~ C(seed)", frame(values), groups="image").fit(reml=True)
    own, _ = image_errors(values, flip=0.0)
    assert own**2 * 30 == pytest.approx(float(fitted.cov_re.iloc[0, 0]), rel=1e-3)


def test_no_part_of_the_images_is_never_less_than_none() -> None:
    for seed in range(20):
        own, least = image_errors(crossed(seed, 3, 10, by_image=0.0), flip=0.0)
        assert 0.0 <= own <= least


def test_of_one_seed_half_an_image_is_added_to_each_count_of_those_that_only_one_has_right() -> (
    None
):
    only_of, only_to, images = 11, 4, 200
    gap = np.repeat([1.0, -1.0, 0.0], [only_of, only_to, images - only_of - only_to])
    counted = (only_of + 0.5) + (only_to + 0.5)
    variance = (counted - (only_of - only_to) ** 2 / images) / (images - 1)
    expected = np.sqrt(variance / images)
    assert image_errors(gap[None], flip=1.0) == pytest.approx((expected, expected))


def test_networks_that_are_right_on_the_same_images_have_the_error_of_one_flip() -> None:
    own, least = image_errors(np.zeros((3, 100)), flip=1.0)
    assert own == least == pytest.approx(np.sqrt(1 / 99 / 100))


@pytest.mark.parametrize("seeds", [1, 3, 10])
def test_the_error_is_how_far_the_mean_strays_on_other_images(seeds: int) -> None:
    """Of networks that do not change, with half of the variance in the image."""
    rng = np.random.default_rng(seeds)
    means, own = [], []
    for _ in range(1500):
        shared = rng.normal(size=300)
        values = shared + rng.normal(size=(seeds, 300))
        means.append(values.mean())
        own.append(image_errors(values, flip=0.0))
    # Seeds stray, too; of these the images' own part knows nothing, and the least does.
    alone, least = np.sqrt(np.mean(np.square(own), axis=0))
    assert least == pytest.approx(np.std(means), rel=0.08)
    if seeds > 1:
        assert alone == pytest.approx(np.sqrt(1 / 300), rel=0.03)
