"""Where a model's starting weights come from.

A `weights` value is "imagenet", "none" or the path of a state dict (of `torch.save`, or
safetensors). ImageNet weights are torchvision's files, or lie in a package (`models.packages`).
Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from files import limits, regular
from files.download import fetch
from models import packages

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


CONTAINERS = ("state_dict", "model", "model_state_dict")
"""Keys of a training checkpoint under which its state dict lies."""


def _imagenet_file(model: str) -> str:
    if model not in IMAGENET_FILES:
        known = ", ".join([*IMAGENET_FILES, *packages.PACKAGES])
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
    name, so no file is needed, and without its package they are those of the known one.

    weights: "imagenet", "none" or a file path.
    model: as in `models.networks.BackboneName`.

    Raises FileNotFoundError if the file does not exist, and ValueError if "imagenet" has no file
    for this model, or the file is too large.
    """
    if weights == "none":
        return "none"
    if weights == "imagenet":
        if package := packages.PACKAGES.get(model):
            here = packages.installed(package)
            return (_sha256(here.path) if here else package.sha256)[:8]
        return _imagenet_file(model).removesuffix(".pth").rpartition("-")[2]
    return _sha256(_user_file(weights))[:8]


def resolve(weights: str, model: str, data_dir: Path) -> Path | None:
    """The file of a `weights` value, None for "none"; downloads ImageNet weights where necessary.

    ImageNet weights are looked for in data_dir/weights, data_dir and torch hub's cache, in this
    order, and are otherwise downloaded into torch hub's cache; those of a package lie there.

    weights: "imagenet", "none" or a file path.
    model: as in `models.networks.BackboneName`.
    data_dir: the data folder.

    Raises FileNotFoundError if the file does not exist, could not be downloaded or its package is
    not installed, and ValueError if "imagenet" has no file for this model, or the file of that name
    is another one.
    """
    if weights == "none":
        return None
    if weights != "imagenet":
        return _user_file(weights)
    if package := packages.PACKAGES.get(model):
        here = packages.installed(package)
        if here is None:
            raise FileNotFoundError(
                f"The ImageNet weights of {model} are in the package {package.name}, which is not "
                f"installed: {package.command}."
            )
        return here.path
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


def origin(weights: str, model: str) -> dict[str, str]:
    """What is to be said of weights that come with a package; nothing of others.

    package: name and version, as installed; licence: its SPDX identifier; origin: a phrase; and
    expected: the digest of the known file, where that of the installed one differs.

    weights, model: as in `digest`.
    """
    package = packages.PACKAGES.get(model) if weights == "imagenet" else None
    here = None if package is None else packages.installed(package)
    if package is None or here is None:
        return {}
    said = {
        "package": f"{package.name} {here.version}",
        "licence": package.licence,
        "origin": package.origin,
    }
    known = package.sha256[:8]
    return said if digest(weights, model) == known else said | {"expected": known}


def load_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict onto the CPU, running no code from the file.

    Tensors come by name, with the shapes as stored, floating-point ones as float32. A state dict
    under a key of a training checkpoint ("state_dict", "model", "model_state_dict") is taken out.
    What a file is, its content tells, whatever it is called.

    path: a safetensors file, or a file of `torch.save`.

    Raises FileNotFoundError if the file does not exist, and ValueError if it is damaged, too large
    as it is or unpacked, holds something other than a state dict, or values that are not finite.
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
                if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                    raise regular.Refused(
                        f"The weights file {path}",
                        "is a TorchScript archive, a program; save model.state_dict() instead",
                    )
        if _start(path)[8:9] == b"{":  # after the length of a safetensors file's header
            from safetensors.torch import load_file

            stored = load_file(path, device="cpu")
        else:
            with regular.opened(path) as file:  # by its name torch would guess what it is
                stored = torch.load(file, map_location="cpu", weights_only=True)
    except regular.Refused:
        raise
    except Exception as error:  # damaged bytes raise nearly any type in the unpickler
        raise ValueError(f"The weights file {path} {_what_is_wrong(path, error)}.") from error
    result = _named_tensors(stored, path)
    if not result:
        raise ValueError(f"The weights file {path} does not hold a state dict of named tensors.")
    for key, value in result.items():
        if not value.isfinite().all():
            raise ValueError(f"The weights file {path} has values in {key} that are not finite.")
    return result


def _named_tensors(stored: object, path: Path) -> dict[str, Tensor]:
    """The state dict in what a file holds, or nothing where there is none.

    Raises Refused if its tensors are larger than weights may be: their shapes need no numbers.
    """
    import torch

    if not isinstance(stored, dict):
        return {}
    inner = (stored.get(key) for key in CONTAINERS)
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
    return result


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(256)


def _what_is_wrong(path: Path, error: Exception) -> str:
    start = _start(path)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "is a web page, saved in place of the download"
    if start.startswith(b"version https://git-lfs.github.com/spec/"):
        return "is a pointer of Git LFS in place of the weights: git lfs pull fetches them"
    if b"/annex/objects/" in start:
        return "is a pointer of git-annex in place of the weights: git annex get fetches them"
    if zipfile.is_zipfile(path) and type(error).__name__ == "UnpicklingError":
        return "holds Python objects, which are not loaded; save model.state_dict() instead"
    return f"is damaged or not a state dict ({type(error).__name__})"
