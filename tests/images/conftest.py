from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write PATH/<part>/<class>/<i>.png of noise, the same for the same arguments; return PATH."""

    def make(
        name: str = "pets",
        train: dict[str, int] | None = None,
        test: dict[str, int] | None = None,
        size: tuple[int, int] = (6, 6),
    ) -> Path:
        random = np.random.default_rng(0)
        root = tmp_path / name
        amounts = {
            "train": {"cat": 5, "dog": 6} if train is None else train,
            "test": {"cat": 2, "dog": 3} if test is None else test,
        }
        for part, classes in amounts.items():
            (root / part).mkdir(parents=True)
            for label, amount in classes.items():
                (root / part / label).mkdir()
                for number in range(amount):
                    pixels = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
                    Image.fromarray(pixels).save(root / part / label / f"{number}.png")
        return root

    return make
