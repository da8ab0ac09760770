"""Tests of finding, naming and reading weights."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from models.resnet import build
from models.weights import IMAGENET_FILES, URL, digest, load_state_dict, resolve

ROOT = Path(__file__).resolve().parents[2]


def save(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict in the format of the path's suffix."""
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    state = build("resnet18", 10, seed=1)[0].state_dict()
    path = tmp_path / f"w{suffix}"
    save(dict(state), path)
    loaded = load_state_dict(path)
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[key], state[key]) for key in state)
    assert build("resnet18", 10, weights=loaded)[1] == []


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_half_floats_are_upcast(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    half = torch.tensor([0.1, 2.0], dtype=torch.float16)
    save({"a": half, "n": torch.tensor(3)}, path)
    loaded = load_state_dict(path)
    assert loaded["a"].dtype == torch.float32
    assert torch.equal(loaded["a"], half.float())
    assert loaded["n"].dtype == torch.int64


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_truncated_file(tmp_path: Path, suffix: str, keep: int) -> None:
    path = tmp_path / f"w{suffix}"
    save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"w{suffix} is damaged"):
        load_state_dict(path)


@pytest.mark.parametrize("stored", [[1, 2], {}, {"a": 1}, {"state": {"a": torch.zeros(1)}}])
def test_not_a_state_dict(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "w.pth"
    torch.save(stored, path)
    with pytest.raises(ValueError, match=r"w\.pth does not hold a state dict"):
        load_state_dict(path)


def test_pickled_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(torch.nn.Linear(1, 1), path)
    with pytest.raises(ValueError, match=r"w\.pth is damaged or not a state dict"):
        load_state_dict(path)


def test_digest(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"some bytes")
    assert digest("none", "resnet18") == "none"
    assert digest("imagenet", "resnet18") == "f37072fd"
    assert digest("imagenet", "resnet34") == "b627a593"
    assert digest("imagenet", "resnet50") == "0676ba61"
    assert digest(str(path), "resnet18") == hashlib.sha256(b"some bytes").hexdigest()[:8]
    with pytest.raises(ValueError, match="'vgg'"):
        digest("imagenet", "vgg")


def test_digest_does_not_import_torch(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"x")
    code = (
        "import sys; from models.weights import digest\n"
        "for w in ('none', 'imagenet', sys.argv[1]): digest(w, 'resnet18')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)


def test_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "absent.pth"
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        digest(str(path), "resnet18")
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        resolve(str(path), "resnet18", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        load_state_dict(path)


def test_resolve_looks_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    data = tmp_path / "data"
    name = IMAGENET_FILES["resnet18"]
    for folder in (tmp_path / "hub" / "checkpoints", data, data / "weights"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
        assert resolve("imagenet", "resnet18", data) == folder / name
    assert resolve("none", "resnet18", data) is None
    assert resolve(str(data / name), "resnet18", tmp_path) == data / name


def test_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(url: str, dst: str, hash_prefix: str, progress: bool) -> None:
        assert url == "https://download.pytorch.org/models/resnet50-0676ba61.pth"
        assert hash_prefix == "0676ba61"
        assert socket.getdefaulttimeout() == 10
        Path(dst).write_bytes(b"x")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    timeout = socket.getdefaulttimeout()
    path = resolve("imagenet", "resnet50", tmp_path / "data")
    assert path == tmp_path / "hub" / "checkpoints" / "resnet50-0676ba61.pth"
    assert socket.getdefaulttimeout() == timeout


def test_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*args: object, **kwargs: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    timeout = socket.getdefaulttimeout()
    with pytest.raises(FileNotFoundError) as caught:
        resolve("imagenet", "resnet18", tmp_path / "data")
    said = str(caught.value)
    name = IMAGENET_FILES["resnet18"]
    assert f"put {name} from {URL}{name} into {tmp_path / 'data' / 'weights'}, or use" in said
    assert "--weights none or --weights FILE, which work offline." in said
    assert socket.getdefaulttimeout() == timeout
