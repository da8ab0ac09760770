"""Settings that every trainable over images shares: data, model, weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

import images
from models import weights as weight_files
from trainables.protocol import NotIdentity, Settings


class ImageSettings(Settings):
    """What is trained on, and from which weights."""

    inputs: ClassVar[frozenset[str]] = frozenset(
        {"dataset", "image_size", "classes", "images_per_class", "val_fraction"}
        | {"model", "weights", "stem"}
    )

    dataset: str = Field(
        "digits",
        description="digits, stl10, tiny_imagenet, dogs_vs_cats, or folder:PATH (train/, test/)",
    )
    data_dir: Annotated[str | None, NotIdentity()] = Field(
        None, description="where data, weights and caches lie; else STUDIES_DATA_DIR, else ./data"
    )
    image_size: int = Field(64, ge=8, le=1024, description="pixels, both sides")
    classes: str = Field("all", description="all, first:N or last:N, in sorted order")
    images_per_class: int | None = Field(
        None, ge=1, description="train images a class, validation already carved out; default all"
    )
    val_fraction: float = Field(0.1, gt=0, lt=1, description="share of train that is validation")
    model: Literal["resnet18", "resnet34", "resnet50"] = Field("resnet18", description="backbone")
    weights: str = Field("imagenet", description="imagenet, none, or a torchvision state dict FILE")
    stem: Literal["stock", "small"] = Field(
        "stock", description="small = 3x3 stride 1 without max-pool, for small images"
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        # Workers run in another folder than the one in which a person typed the path.
        return None if value is None else str(Path(value).expanduser().resolve())

    @field_validator("dataset")
    @classmethod
    def _known_dataset(cls, value: str) -> str:
        try:
            return images.check_name(value)
        except FileNotFoundError as error:
            raise ValueError(str(error)) from None

    @field_validator("weights")
    @classmethod
    def _existing_weights(cls, value: str) -> str:
        if value in ("imagenet", "none"):
            return value
        path = Path(value).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f"weights must be imagenet, none or an existing file; got {value!r}.")
        return str(path)

    @property
    def data_folder(self) -> Path:
        """Where data lies, whether said or not."""
        return Path(self.data_dir or os.environ.get("STUDIES_DATA_DIR") or "data").resolve()

    def environment(self) -> dict[str, str]:
        """The data folder, which has the same path on every node."""
        return {"STUDIES_DATA_DIR": str(self.data_folder)}

    def identity(self) -> dict[str, Any]:
        """Canonical settings with the digest of the weights, and without any path."""
        identity = super().identity()
        identity["weights"] = weight_files.digest(self.weights, self.model)
        identity["dataset"] = self.dataset.partition(":")[0]
        return identity

    def check(self) -> None:
        """Refuse a data set that is missing or too small; decodes nothing."""
        self.sizes()

    def sizes(self) -> images.Sizes:
        """Numbers of images and classes that these settings select."""
        return images.count(
            self.dataset,
            self.data_folder,
            classes=self.classes,
            images_per_class=self.images_per_class,
            val_fraction=self.val_fraction,
        )

    def load(
        self, seed: int, progress: Callable[[str, int, int], None] | None = None
    ) -> images.Splits:
        """The images of one trial."""
        return images.load(
            self.dataset,
            data_dir=self.data_folder,
            image_size=self.image_size,
            classes=self.classes,
            images_per_class=self.images_per_class,
            val_fraction=self.val_fraction,
            seed=seed,
            progress=progress,
        )

    def prepare(self, progress: Callable[[str, int, int], None] | None = None) -> dict[str, Any]:
        """Decode the images and find the weights once, before any trial starts."""
        file = weight_files.resolve(self.weights, self.model, self.data_folder)
        weights = {
            "name": self.weights
            if self.weights in ("imagenet", "none")
            else Path(self.weights).name,
            "digest": weight_files.digest(self.weights, self.model),
            "left_out": [],
        }
        info = self.load(0, progress).info
        if file is not None:
            from models import resnet

            # Weights of another architecture are refused here, not by every trial.
            state = weight_files.load_state_dict(file)
            _, weights["left_out"] = resnet.build(
                self.model, len(info.classes), stem=self.stem, weights=state
            )
        return {"dataset": asdict(info), "weights": weights}

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """What a person should know about what `prepare` found: images and keys left out."""
        notes = list(inputs["weights"]["left_out"])
        dropped = inputs["dataset"]["dropped"]
        if dropped:
            more = f" and {len(dropped) - 3} more" if len(dropped) > 3 else ""
            notes.append(
                f"{len(dropped)} corrupt images are left out: {', '.join(dropped[:3])}{more}."
            )
        if inputs["dataset"]["verified"] is False:
            notes.append(f"The images are not the published ones of {inputs['dataset']['name']}.")
        return notes
