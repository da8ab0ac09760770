from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakeFolder = Callable[..., Path]
Jpeg = Callable[..., bytes]
Write = Callable[[Path, dict[str, bytes]], Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write PATH/<part>/<class>/<i>.png of noise, the same for the same arguments; return PATH."""

    def make(
        name: str = "pets",
        train: dict[str, int] | None = None,
        test: dict[str, int] | None = None,
        size: tuple[int, int] = (6, 6),
        val: dict[str, int] | None = None,
    ) -> Path:
        random = np.random.default_rng(0)
        root = tmp_path / name
        amounts = {
            "train": {"cat": 5, "dog": 6} if train is None else train,
            "test": {"cat": 2, "dog": 3} if test is None else test,
        } | ({} if val is None else {"val": val})
        for part, classes in amounts.items():
            (root / part).mkdir(parents=True)
            for label, amount in classes.items():
                (root / part / label).mkdir()
                for number in range(amount):
                    pixels = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
                    Image.fromarray(pixels).save(root / part / label / f"{number}.png")
        return root

    return make


@pytest.fixture
def jpeg() -> Jpeg:
    """The bytes of a JPEG of noise, another for every number."""

    def make(number: int, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
        random = np.random.default_rng(number)
        pixels = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(buffer, "JPEG")
        return buffer.getvalue()

    return make


@pytest.fixture
def write() -> Write:
    """Write files by name: into the zip archive PATH.zip, or else into the folder PATH."""

    def make(path: Path, files: dict[str, bytes]) -> Path:
        if path.suffix == ".zip":
            path.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            return path
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        return path

    return make
