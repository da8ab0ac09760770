"""Random views of whole batches, each image its own, and normalisation; on the batch's device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Augmentation = Literal["none", "flip", "crop_flip"]


def augment(
    pixels: Tensor, mode: Augmentation, generator: torch.Generator, padding: int = 4
) -> Tensor:
    """Random views of the images, drawn for each one: uint8 (B, 3, H, W) in and out.

    "none" gives the images themselves. "flip" mirrors each left to right with probability 1/2.
    "crop_flip" also moves it by up to `padding` pixels each way, with reflected borders.

    Raises ValueError if padding is not below H and W.
    """
    if mode == "none":
        return pixels
    count, _, height, width = pixels.shape
    flips = torch.rand(count, generator=generator) < 0.5
    if mode == "flip":
        return flip(pixels, flips)
    if not 0 <= padding < min(height, width):
        raise ValueError(
            f"Reflected padding must be at least 0 and below the image size, {height} x {width}; "
            f"got {padding}."
        )
    corners = torch.randint(0, 2 * padding + 1, (count, 2), generator=generator)
    return crop(flip(pixels, flips), corners, padding)


def flip(pixels: Tensor, flips: Tensor) -> Tensor:
    """A copy of uint8 (B, 3, H, W) with those images mirrored where `flips` holds.

    flips: bool (B,) on the CPU.
    """
    count = len(pixels)
    chosen = torch.arange(count) + count * flips
    return torch.cat([pixels, pixels.flip(3)]).index_select(0, chosen.to(pixels.device))


def crop(pixels: Tensor, corners: Tensor, padding: int) -> Tensor:
    """Cut image i's H x W window at (y, x) = corners[i] out of its reflected-padded self.

    pixels: uint8 (B, 3, H, W).
    corners: int64 (B, 2) on the CPU, 0..2 * padding; (padding, padding) is the image itself.
    """
    count, channels, height, width = pixels.shape
    if count == 0:
        return pixels
    left, right = pixels[..., 1 : padding + 1], pixels[..., -padding - 1 : -1]
    wide = torch.cat([left.flip(3), pixels, right.flip(3)], 3).contiguous()
    y = (corners[:, :1] + torch.arange(height) - padding).abs()
    y = (height - 1) - ((height - 1) - y).abs()  # (B, H): lines beyond either border are reflected
    lines = torch.arange(count * channels).view(count, channels, 1) * height + y[:, None]
    starts = lines * wide.shape[3] + corners[:, 1].view(-1, 1, 1)  # (B, 3, H)
    # Every line of a window is a run of W bytes: many times faster on a CPU than indexing pixel by
    # pixel.
    runs = wide.view(-1).unfold(0, width, 1)
    return runs.index_select(0, starts.view(-1).to(pixels.device)).view(pixels.shape)


def normalize(
    pixels: Tensor,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
) -> Tensor:
    """(pixels / 255 - mean) / std by channel: uint8 (B, 3, H, W) to float32, channels last."""
    values = pixels.to(torch.float32, memory_format=torch.channels_last)
    # Arithmetic on whole lines, R G B R G B ...: over three channels alone it is slow on a CPU.
    lines = values.permute(0, 2, 3, 1).flatten(2)  # (B, H, W * 3), a view
    shift = torch.tensor(mean, device=pixels.device) * 255
    scale = torch.tensor(std, device=pixels.device) * 255
    lines.sub_(shift.repeat(pixels.shape[3])).div_(scale.repeat(pixels.shape[3]))
    return values
