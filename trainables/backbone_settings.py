"""Settings of every trainable that starts from a pretrained ResNet: images, backbone, weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from models import weights as weight_files
from trainables.image_settings import ImageSettings
from trainables.protocol import Progress

if TYPE_CHECKING:
    from torch import Tensor

NAMED = ("imagenet", "none")  # weights that are no file of the user's


class BackboneSettings(ImageSettings):
    """What is trained on, and from which weights."""

    inputs: ClassVar[frozenset[str]] = ImageSettings.inputs | {"model", "weights", "stem"}

    model: Literal["resnet18", "resnet34", "resnet50"] = Field("resnet18", description="backbone")
    weights: str = Field("imagenet", description="imagenet, none, or a torchvision state dict FILE")
    stem: Literal["stock", "small"] = Field(
        "stock",
        description="small = 3x3 stride 1 without max-pool, for small images; resampled from 7x7",
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
        """Refuse weights that are not there, and images as `ImageSettings` does.

        Raises ValueError, one sentence, if either is refused.
        """
        if self.weights not in NAMED and not Path(self.weights).is_file():
            raise ValueError(
                f"weights must be imagenet, none or an existing, regular file; got "
                f"{self.weights!r}."
            )
        super().check()

    def state_dict(self) -> dict[str, Tensor] | None:
        """The weights to start from, on the CPU; None where they are drawn."""
        file = weight_files.resolve(self.weights, self.model, self.data_folder)
        return weight_files.load_state_dict(file) if file else None

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Decode the images and find the weights once, before any trial starts."""
        state = self.state_dict()
        weights = {
            "name": Path(self.weights).name,  # of a file, no path: this is published
            "digest": weight_files.digest(self.weights, self.model),
            "left_out": [],
        }
        inputs = super().prepare(progress)
        if state is not None:
            from models import resnet

            # Weights of another architecture are refused here, not by every trial.
            _, weights["left_out"] = resnet.build(
                self.model, len(inputs["dataset"]["classes"]), stem=self.stem, weights=state
            )
        return inputs | {"weights": weights}

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Also the keys of the weights that were left out."""
        return [*inputs["weights"]["left_out"], *super().notes(inputs)]
