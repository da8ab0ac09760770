"""Settings that every trainable over images shares: which images, and where they lie."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

import images
from images import controls
from trainables.protocol import NotIdentity, Progress, Settings
from trainables.training.randomness import derive


class ImageSettings(Settings):
    """What is trained on."""

    inputs: ClassVar[frozenset[str]] = frozenset(
        {"dataset", "image_size", "classes", "images_per_class", "val_fraction"}
    )

    dataset: str = Field(
        "digits",
        description="digits, stl10, tiny_imagenet, dogs_vs_cats, or folder:PATH (train/, test/, "
        "and val/ or none)",
    )
    data_dir: Annotated[str | None, NotIdentity()] = Field(
        None, description="where data, weights and caches lie; else STUDIES_DATA_DIR, else ./data"
    )
    image_size: int = Field(64, ge=8, le=1024, description="pixels, both sides")
    classes: str = Field("all", description="all, first:N or last:N, in sorted order")
    images_per_class: int | None = Field(
        None, ge=1, description="train images a class, validation already carved out; default all"
    )
    val_fraction: float = Field(
        0.1, gt=0, lt=1, description="share of train that is validation, unless that is given"
    )
    control: Literal["none", "one_batch", "shuffled_labels"] = Field(
        "none", description="train on one batch again and again, or on shuffled labels: a check"
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
        except FileNotFoundError:
            # `check` refuses it: a finished run can be looked at without its folder.
            return f"folder:{Path(value.partition(':')[2]).expanduser().resolve()}"

    @property
    def data_folder(self) -> Path:
        """Where data lies, whether said or not."""
        return Path(self.data_dir or os.environ.get("STUDIES_DATA_DIR") or "data").resolve()

    def environment(self) -> dict[str, str]:
        """The data folder, which has the same path on every node."""
        return {"STUDIES_DATA_DIR": str(self.data_folder)}

    def identity(self) -> dict[str, Any]:
        """Canonical settings without any path."""
        return super().identity() | {"dataset": self.dataset.partition(":")[0]}

    def applies(self, name: str) -> bool:
        """As for all settings, but for two.

        `control` is left out of a trial that is none, and `val_fraction` where validation is given.
        """
        if name == "control" and self.control == "none":
            return False
        if name == "val_fraction" and images.gives_validation(self.dataset):
            return False
        return super().applies(name)

    @property
    def draws_images(self) -> bool:
        """Whether the seed decides which images are train and validation, or their labels."""
        if self.images_per_class is not None or self.control == "shuffled_labels":
            return True
        return not images.gives_validation(self.dataset)

    def check(self) -> None:
        """Refuse a data set that is missing or too small; decodes nothing.

        Raises ValueError, one sentence, if it is.
        """
        try:
            images.check_name(self.dataset)
        except FileNotFoundError as error:  # named by the user, unlike what is not downloaded yet
            raise ValueError(str(error)) from None
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

    def load(self, seed: int, progress: Progress | None = None) -> images.Splits:
        """The images of one trial, its train set changed if it is a control."""
        splits = images.load(
            self.dataset,
            data_dir=self.data_folder,
            image_size=self.image_size,
            classes=self.classes,
            images_per_class=self.images_per_class,
            val_fraction=self.val_fraction,
            seed=seed,
            progress=progress,
        )
        if self.control == "one_batch":
            return controls.one_batch(splits)
        if self.control == "shuffled_labels":
            order = np.random.default_rng(derive(seed, 0, "control"))
            return controls.shuffled_labels(splits, order)
        return splits

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Decode the images once, before any trial starts."""
        return {"dataset": asdict(self.load(0, progress).info)}

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Which images are left out or given, and whether they are the published ones."""
        notes = []
        if inputs["dataset"]["validation"] == "given":
            notes.append("Validation is given with the images, and is the same for every seed.")
        if dropped := inputs["dataset"]["dropped"]:
            notes.append(images.left_out(dropped, inputs["dataset"].get("reasons", {})))
        if inputs["dataset"]["verified"] is False:
            notes.append(f"The images are not the published ones of {inputs['dataset']['name']}.")
        return notes
