"""Names for parts of a network, as globs over its parameters."""

from __future__ import annotations

from collections.abc import Mapping

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
"""Of a ResNet."""

EFFICIENTNET: dict[str, tuple[str, ...]] = {
    "nothing": (),
    # What has the size of a ResNet's layer of that name, as `models.efficientnet_lite.STAGES`.
    "layer1": ("blocks.1.*", "blocks.2.*"),
    "layer2": ("blocks.3.*", "blocks.4.*"),
    "layer3": (*(f"blocks.{i}.*" for i in range(5, 11)),),
    "layer4": (*(f"blocks.{i}.*" for i in range(11, 16)), "conv_head.*", "bn1.*"),
    "convolutions": ("conv_stem.*", "*_conv.*", "conv_head.*"),
    "batch_norms": ("bn?.*", "*.bn?.*"),
    "everything": ("*",),
}


def of(model: str) -> Mapping[str, tuple[str, ...]]:
    """{name: globs} of the parts that a network has.

    model: as in `models.networks.BackboneName`.
    """
    return EFFICIENTNET if model == "efficientnet_lite0" else PARTS


def patterns(names: str, model: str) -> tuple[str, ...]:
    """Globs over parameter names.

    names: parts with commas between, such as "layer4" or "layer3,bn1.*"; other words are globs.
    model: as in `models.networks.BackboneName`.

    Raises ValueError if this network has no such part, though others have.
    """
    known = of(model)
    words = [word.strip() for word in names.split(",")]
    for word in words:
        if word in PARTS and word not in known:
            raise ValueError(
                f"{model} has no part that is called {word}; leave it out, with --unfreeze "
                f"{' '.join(known)}, or name some of these."
            )
    return tuple(pattern for word in words for pattern in known.get(word, (word,)))
