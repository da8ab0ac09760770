"""Where a model's starting weights come from.

A `weights` value is "imagenet", "none" or the path of a torchvision state dict (.pth, .pt or
.safetensors). Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from files import limits, regular
from files.download import fetch

if TYPE_CHECKING:
    from torch import Tensor

URL = "https://download.pytorch.org/models/"
"""The folder that torchvision's IMAGENET1K_V1 files are published in."""

IMAGENET_FILES = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-0676ba61.pth",
}
"""torchvision's IMAGENET1K_V1 files, each named <model>-<first 8 hex digits of sha256>.pth.

V1 also where V2 exists (resnet50): V2 scores higher on ImageNet, but its recipe has label
smoothing and mixup, and label smoothing is known to make the features of the last layer worse for
a linear classifier on other data (Kornblith et al. 2021, arXiv 2010.16402).
"""


def _imagenet_file(model: str) -> str:
    if model not in IMAGENET_FILES:
        known = ", ".join(IMAGENET_FILES)
        raise ValueError(f"There are no ImageNet weights for {model!r}, only for {known}.")
    return IMAGENET_FILES[model]


def _user_file(weights: str) -> Path:
    path = Path(weights).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"The weights {weights!r} are neither 'imagenet' nor 'none' nor an existing file."
        )
    regular.check_size(path, path.stat().st_size, limits.WEIGHTS_BYTES)
    return path


def _sha256(path: Path) -> str:
    stat = path.stat()
    return _sha256_of(str(path.absolute()), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_of(path: str, size: int, mtime_ns: int) -> str:
    """Size and time stand for the content: every trial asks, and the files have 100 MB."""
    with regular.opened(Path(path), limits.WEIGHTS_BYTES) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(weights: str, model: str) -> str:
    """A name for the content of a `weights` value: "none", or 8 hex digits; imports no torch.

    They are the first of the file's sha256; for "imagenet" they are read off torchvision's file
    name, so no file is needed.

    weights: "imagenet", "none" or a file path.
    model: "resnet18", "resnet34" or "resnet50".

    Raises FileNotFoundError if the file does not exist, and ValueError if "imagenet" has no file
    for this model, or the file is too large.
    """
    if weights == "none":
        return "none"
    if weights == "imagenet":
        return _imagenet_file(model).removesuffix(".pth").rpartition("-")[2]
    return _sha256(_user_file(weights))[:8]


def resolve(weights: str, model: str, data_dir: Path) -> Path | None:
    """The file of a `weights` value, None for "none"; downloads ImageNet weights where necessary.

    ImageNet weights are looked for in data_dir/weights, data_dir and torch hub's cache, in this
    order, and are otherwise downloaded into torch hub's cache.

    weights: "imagenet", "none" or a file path.
    model: "resnet18", "resnet34" or "resnet50".
    data_dir: the data folder.

    Raises FileNotFoundError if the file does not exist or could not be downloaded, and ValueError
    if "imagenet" has no file for this model, or the file of that name is another one.
    """
    if weights == "none":
        return None
    if weights != "imagenet":
        return _user_file(weights)
    import torch.hub

    name = _imagenet_file(model)
    cached = Path(torch.hub.get_dir()) / "checkpoints" / name
    for path in (data_dir / "weights" / name, data_dir / name, cached):
        if path.is_file():
            # `digest` answers from the name alone, so the content must be what it says.
            if not _sha256(path).startswith(digest(weights, model)):
                raise ValueError(
                    f"The file {path} is not torchvision's (its sha256 begins with "
                    f"{_sha256(path)[:8]}): delete it, or name your own file with --weights FILE."
                )
            return path
    fetch(
        "The ImageNet weights",
        URL + name,
        cached,
        f"sha256:{digest(weights, model)}",
        data_dir / "weights",
        "--weights none or --weights FILE, which work offline",
    )
    return cached


def load_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict onto the CPU, running no code from the file.

    Tensors come by name, with the shapes as stored, floating-point ones as float32. A state dict
    under the key "state_dict" or "model" of a training checkpoint is taken out, and so is the
    prefix "module." that DataParallel gives every name.

    path: a .safetensors file, or a file of `torch.save`.

    Raises FileNotFoundError if the file does not exist, and ValueError if it is damaged, too large
    as it is or unpacked, or holds something other than a state dict.
    """
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"The weights file {path} does not exist.")
    regular.check_size(path, path.stat().st_size, limits.WEIGHTS_BYTES)
    stored: object
    try:
        if zipfile.is_zipfile(path):  # as torch writes it; reading it unpacks what is compressed
            with zipfile.ZipFile(path) as archive:
                regular.check_archive(path, archive)
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            stored = load_file(path, device="cpu")
        else:
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except regular.Refused:
        raise
    except Exception as error:  # damaged bytes raise nearly any type in the unpickler
        raise ValueError(f"The weights file {path} {_what_is_wrong(path, error)}.") from error
    result = _named_tensors(stored, path)
    if not result:
        raise ValueError(f"The weights file {path} does not hold a state dict of named tensors.")
    return result


def _named_tensors(stored: object, path: Path) -> dict[str, Tensor]:
    """The state dict in what a file holds, or nothing where there is none.

    Raises Refused if its tensors are larger than weights may be: their shapes need no numbers.
    """
    import torch

    if not isinstance(stored, dict):
        return {}
    inner = (stored.get(key) for key in ("state_dict", "model"))
    stored = next((value for value in inner if isinstance(value, dict)), stored)
    result: dict[str, Tensor] = {}
    numbers = 0
    for key, value in stored.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            return {}
        value = value.detach()
        numbers += value.numel()
        regular.check_size(f"{path}, unpacked,", 4 * numbers, limits.WEIGHTS_BYTES)
        result[key] = value.float() if value.is_floating_point() else value
    if all(key.startswith("module.") for key in result):
        return {key.removeprefix("module."): value for key, value in result.items()}
    return result


def _what_is_wrong(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "is a web page, saved in place of the download"
    if zipfile.is_zipfile(path) and type(error).__name__ == "UnpicklingError":
        return "holds Python objects, which are not loaded; save model.state_dict() instead"
    return f"is damaged or not a state dict ({type(error).__name__})"
