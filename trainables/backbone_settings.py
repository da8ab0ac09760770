"""Settings of every trainable that starts from a pretrained network: images, backbone, weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from models import weights as weight_files
from models.networks import NETWORKS, BackboneName, Network, Stem
from trainables.image_settings import ImageSettings
from trainables.protocol import Progress

if TYPE_CHECKING:
    from torch import Tensor

NAMED = ("imagenet", "none")  # weights that are no file of the user's


class BackboneSettings(ImageSettings):
    """What is trained on, and from which weights."""

    inputs: ClassVar[frozenset[str]] = ImageSettings.inputs | {"model", "weights", "stem"}

    model: BackboneName = Field("resnet18", description="backbone")
    weights: str = Field("imagenet", description="imagenet, none, or the FILE of a state dict")
    stem: Stem = Field(
        "stock",
        description="of a ResNet: small = 3x3 stride 1 without max-pool, for small images; "
        "resampled from 7x7",
    )

    @field_validator("weights")
    @classmethod
    def _absolute_weights(cls, value: str) -> str:
        # Workers run in another folder than the one in which a person typed the path.
        return value if value in NAMED else str(Path(value).expanduser().resolve())

    def identity(self) -> dict[str, Any]:
        """Canonical settings with the digest of the weights, and without any path.

        A file that is not there has its name: a finished run can be looked at without it.
        """
        try:
            weights = weight_files.digest(self.weights, self.model)
        except FileNotFoundError:
            weights = Path(self.weights).name
        return super().identity() | {"weights": weights}

    def check(self) -> None:
        """Refuse weights that are not there, and what the network cannot take.

        Images are refused as `ImageSettings` does.

        Raises ValueError, one sentence, if either is refused.
        """
        if self.weights not in NAMED and not Path(self.weights).is_file():
            raise ValueError(
                f"weights must be imagenet, none or an existing, regular file; got "
                f"{self.weights!r}."
            )
        if self.image_size < self.network.smallest:
            raise ValueError(
                f"image_size must be at least {self.network.smallest} for {self.model}; got "
                f"{self.image_size}."
            )
        if self.stem not in self.network.stems:
            raise ValueError(
                f"stem=small is for ResNets; give {self.model} small images at a larger image_size."
            )
        super().check()

    @property
    def network(self) -> Network:
        """What is known of the model."""
        return NETWORKS[self.model]

    def state_dict(self) -> dict[str, Tensor] | None:
        """The weights to start from, under the network's names; None where they are drawn."""
        return self._weights()[0]

    def _weights(self) -> tuple[dict[str, Tensor] | None, list[str]]:
        """The same, and what was renamed and left out for that; on the CPU."""
        from models import backbones

        file = weight_files.resolve(self.weights, self.model, self.data_folder)
        if file is None:
            return None, []
        return backbones.named(self.model, weight_files.load_state_dict(file))

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Decode the images and find the weights once, before any trial starts."""
        state, renamed = self._weights()
        weights = {
            "name": Path(self.weights).name,  # of a file, no path: this is published
            "digest": weight_files.digest(self.weights, self.model),
            "renamed": renamed,
            "left_out": [],
            "outputs": 0 if state is None else len(state.get("fc.weight", ())),
        }
        inputs = super().prepare(progress)
        if state is not None:
            from models import backbones

            # Weights of another architecture are refused here, not by every trial.
            _, said = backbones.build(
                self.model, len(inputs["dataset"]["classes"]), stem=self.stem, weights=state
            )
            head = self.about_head(said.pop("fc", ""))
            weights["left_out"] = [*([head] if head else []), *said.values()]
        return inputs | {"weights": weights | weight_files.origin(self.weights, self.model)}

    def about_head(self, why: str) -> str:
        """What people are told of the head of the weights, "" for nothing.

        why: it does not fit these classes; "" if it does.
        """
        return why

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Also where the weights come from, and what of them was renamed and left out."""
        weights = inputs["weights"]
        return [
            *_origin(self.model, weights),
            *weights["renamed"],
            *weights["left_out"],
            *super().notes(inputs),
        ]


def _origin(model: str, weights: dict[str, Any]) -> list[str]:
    """Of weights that come with a package: whose they are, and whether they are the known ones."""
    if "package" not in weights:
        return []
    said = [
        f"The ImageNet weights of {model} come with {weights['package']} ({weights['licence']}), "
        f"{weights['origin']}."
    ]
    if "expected" in weights:
        said.append(
            f"Their file is not the known one: its digest is {weights['digest']} instead of "
            f"{weights['expected']}."
        )
    return said
