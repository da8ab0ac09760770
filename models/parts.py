"""Names for parts of a ResNet, as globs over its parameters."""

from __future__ import annotations

PARTS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "layer1": ("layer1.*",),
    "layer2": ("layer2.*",),
    "layer3": ("layer3.*",),
    "layer4": ("layer4.*",),
    # Those of the shortcuts are convolutions and batch-norms too, and count in all three.
    "convolutions": ("conv1.*", "*.conv?.*", "*.downsample.0.*"),
    "batch_norms": ("bn1.*", "*.bn?.*", "*.downsample.1.*"),
    "downsample": ("*.downsample.*",),
    "everything": ("*",),
}


def patterns(names: str) -> tuple[str, ...]:
    """Globs over parameter names.

    names: parts with commas between, such as "layer4" or "layer3,bn1.*"; other words are globs.
    """
    words = [word.strip() for word in names.split(",")]
    return tuple(pattern for word in words for pattern in PARTS.get(word, (word,)))
