"""Views of images against an explicit loop, and their normalisation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from images import augmentation, batches


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int, height: int = 9, width: int = 7) -> Tensor:
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=seeded())


def reflected(position: int, size: int) -> int:
    if position < 0:
        return -position
    return position if position < size else 2 * (size - 1) - position


def looped(pixels: Tensor, flips: Tensor, corners: Tensor, padding: int) -> Tensor:
    """Pixel by pixel: mirror, pad by reflection, cut the window."""
    count, channels, height, width = pixels.shape
    views = torch.empty_like(pixels)
    for i in range(count):
        for y in range(height):
            for x in range(width):
                from_y = reflected(y + int(corners[i, 0]) - padding, height)
                from_x = reflected(x + int(corners[i, 1]) - padding, width)
                if flips[i]:
                    from_x = width - 1 - from_x
                for c in range(channels):
                    views[i, c, y, x] = pixels[i, c, from_y, from_x]
    return views


@given(
    count=st.integers(0, 4),
    height=st.integers(2, 7),
    width=st.integers(2, 7),
    data=st.data(),
)
@settings(max_examples=40, deadline=None)
def test_crop_and_flip_are_those_of_a_loop(
    count: int, height: int, width: int, data: st.DataObject
) -> None:
    padding = data.draw(st.integers(0, min(height, width) - 1))
    generator = seeded(data.draw(st.integers(0, 1000)))
    corners = torch.randint(0, 2 * padding + 1, (count, 2), generator=generator)
    flips = torch.rand(count, generator=generator) < 0.5
    pixels = noise(count, height, width)
    views = augmentation.crop(augmentation.flip(pixels, flips), corners, padding)
    assert views.dtype == torch.uint8
    assert torch.equal(views, looped(pixels, flips, corners, padding))


def test_views_that_are_cut_from_a_slice_or_a_channels_last_batch_are_the_same() -> None:
    pixels = noise(6)
    corners = torch.randint(0, 5, (6, 2), generator=seeded())
    expected = augmentation.crop(pixels, corners, 2)
    last = pixels.contiguous(memory_format=torch.channels_last)
    wide = torch.cat([pixels, pixels], 3)[..., :7]
    assert torch.equal(augmentation.crop(last, corners, 2), expected)
    assert torch.equal(augmentation.crop(wide, corners, 2), expected)
    assert torch.equal(augmentation.crop(wide, corners * 0, 0), pixels)


def test_crop_flip_moves_every_image_by_its_own_offset() -> None:
    pixels = noise(1).expand(200, -1, -1, -1)
    views = batches.augment(pixels, "crop_flip", seeded(), padding=2)
    distinct = {bytes(view.flatten().tolist()) for view in views}
    assert 40 < len(distinct) <= 2 * 5 * 5


def test_flip_mirrors_about_half_and_changes_nothing_else() -> None:
    pixels = noise(400)
    views = batches.augment(pixels, "flip", seeded())
    kept = (views == pixels).flatten(1).all(1)
    mirrored = (views == pixels.flip(3)).flatten(1).all(1)
    assert torch.equal(kept, ~mirrored)
    assert 150 < int(mirrored.sum()) < 250


def test_none_changes_nothing_and_draws_nothing() -> None:
    generator, pixels = seeded(), noise(3)
    before = generator.get_state()
    assert torch.equal(batches.augment(pixels, "none", generator), pixels)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("mode", ["flip", "crop_flip"])
def test_views_repeat_with_the_generator_and_leave_the_input_alone(
    mode: batches.Augmentation,
) -> None:
    pixels = noise(20)
    before, generator = pixels.clone(), seeded(7)
    first, second = (batches.augment(pixels, mode, generator) for _ in range(2))
    assert torch.equal(first, batches.augment(pixels, mode, seeded(7)))
    assert not torch.equal(first, second)
    assert torch.equal(pixels, before)


def test_global_randomness_is_neither_used_nor_moved() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    batches.augment(noise(4), "crop_flip", seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("padding", [-1, 7])
def test_a_padding_that_cannot_be_reflected_is_refused(padding: int) -> None:
    with pytest.raises(ValueError, match=f"below the image size, 9 x 7; got {padding}"):
        batches.augment(noise(2), "crop_flip", seeded(), padding=padding)


def test_normalize_is_the_formula_in_channels_last() -> None:
    pixels = noise(4)
    values = batches.normalize(pixels)
    mean = torch.tensor(batches.IMAGENET_MEAN, dtype=torch.float64).view(3, 1, 1)
    std = torch.tensor(batches.IMAGENET_STD, dtype=torch.float64).view(3, 1, 1)
    assert values.dtype == torch.float32
    assert values.is_contiguous(memory_format=torch.channels_last)
    expected = ((pixels.double() / 255 - mean) / std).float()
    torch.testing.assert_close(values, expected, atol=1e-5, rtol=1e-5)


def test_normalize_takes_other_statistics_and_any_memory_layout() -> None:
    pixels = noise(4).contiguous(memory_format=torch.channels_last)
    before = pixels.clone()
    values = batches.normalize(pixels, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    torch.testing.assert_close(values, pixels.float() / 255)
    assert torch.equal(pixels, before)
