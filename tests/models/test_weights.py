"""Tests of finding, naming and reading weights."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from files import download
from models import weights
from models.resnet import build
from models.weights import IMAGENET_FILES, digest, load_state_dict, resolve

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"not really weights"


def save(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict in the format of the path's suffix."""
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_a_saved_model_and_the_one_built_from_its_file_give_equal_outputs(
    tmp_path: Path, suffix: str
) -> None:
    model = build("resnet18", 10, seed=1)[0].eval()
    path = tmp_path / f"w{suffix}"
    save(dict(model.state_dict()), path)
    loaded, left_out = build("resnet18", 10, weights=load_state_dict(path), seed=2)
    assert left_out == {}
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(loaded.eval()(x), model(x))


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_a_training_checkpoint_is_unwrapped(tmp_path: Path, key: str) -> None:
    path = tmp_path / "w.pth"
    torch.save({key: {"a": torch.ones(2), "b.c": torch.ones(1)}, "epoch": 3}, path)
    assert list(load_state_dict(path)) == ["a", "b.c"]


@pytest.mark.parametrize(("format", "ending"), [(".safetensors", ".pth"), (".pth", ".safetensors")])
def test_the_content_tells_the_format_and_not_the_ending(
    tmp_path: Path, format: str, ending: str
) -> None:
    save({"a": torch.arange(3.0)}, tmp_path / f"right{format}")
    wrong = (tmp_path / f"right{format}").rename(tmp_path / f"wrong{ending}")
    assert torch.equal(load_state_dict(wrong)["a"], torch.arange(3.0))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_values_that_are_not_finite_are_refused_by_name(
    tmp_path: Path, suffix: str, value: float
) -> None:
    path = tmp_path / f"w{suffix}"
    broken = torch.ones(4, dtype=torch.float64)
    broken[2] = value  # the last one is finite until it is float32
    save({"good": torch.ones(4), "bn1.running_var": broken}, path)
    with pytest.raises(ValueError, match=r"has values in bn1\.running_var that are not finite\.$"):
        load_state_dict(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46830571\n",
            "pointer of Git LFS in place of the weights: git lfs pull",
        ),
        ("/annex/objects/SHA256E-s46830571--4d7a.pth\n", "pointer of git-annex .*: git annex get"),
    ],
    ids=["git-lfs", "git-annex"],
)
def test_a_pointer_of_a_large_file_store_is_called_one(
    tmp_path: Path, content: str, said: str, suffix: str
) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"w{suffix} is a {said}"):
        load_state_dict(path)


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("suffix", [".pth", ".pt"])
def test_a_torchscript_archive_is_called_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)
    with pytest.raises(ValueError, match=r"is a TorchScript archive, .*model\.state_dict\(\)"):
        load_state_dict(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_half_floats_become_float32_and_integers_stay(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    half = torch.tensor([0.1, 2.0], dtype=torch.float16)
    save({"a": half, "n": torch.tensor(3)}, path)
    loaded = load_state_dict(path)
    assert loaded["a"].dtype == torch.float32
    assert torch.equal(loaded["a"], half.float())
    assert loaded["n"].dtype == torch.int64


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_a_truncated_file_is_named_as_damaged(tmp_path: Path, suffix: str, keep: int) -> None:
    path = tmp_path / f"w{suffix}"
    save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"w{suffix} is damaged"):
        load_state_dict(path)


@pytest.mark.parametrize("stored", [[1, 2], {}, {"a": 1}, {"state": {"a": torch.zeros(1)}}])
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "w.pth"
    torch.save(stored, path)
    with pytest.raises(ValueError, match=r"w\.pth does not hold a state dict"):
        load_state_dict(path)


def test_a_pickled_module_is_refused_and_the_way_out_is_said(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(torch.nn.Linear(1, 1), path)
    with pytest.raises(ValueError, match=r"w\.pth holds Python objects.*model\.state_dict\(\)"):
        load_state_dict(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_saved_web_page_is_called_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_text("\n<!DOCTYPE html><html><body>Not found</body></html>" * 9)
    with pytest.raises(ValueError, match=f"w{suffix} is a web page"):
        load_state_dict(path)


def test_digest_is_the_start_of_the_sha256(tmp_path: Path) -> None:
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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent.pth"
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        digest(str(path), "resnet18")
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        resolve(str(path), "resnet18", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"absent\.pth"):
        load_state_dict(path)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a tiny file that stands for torchvision's; the hub's cache is in tmp_path."""
    name = f"resnet18-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
    monkeypatch.setitem(IMAGENET_FILES, "resnet18", name)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setenv("no_proxy", "*")
    return name


def test_resolve_looks_in_the_data_folder_before_the_cache(tmp_path: Path, published: str) -> None:
    data = tmp_path / "data"
    for folder in (tmp_path / "hub" / "checkpoints", data, data / "weights"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / published).write_bytes(CONTENT)
        assert resolve("imagenet", "resnet18", data) == folder / published
    assert resolve("none", "resnet18", data) is None
    assert resolve(str(data / published), "resnet18", tmp_path) == data / published


def test_a_file_that_only_has_the_published_name_is_refused(tmp_path: Path, published: str) -> None:
    (tmp_path / published).write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match=rf"{published} is not torchvision's .* --weights FILE"):
        resolve("imagenet", "resnet18", tmp_path)


def test_digest_follows_a_file_that_changes_and_reads_one_that_does_not_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"first")
    first = digest(str(path), "resnet18")
    path.write_bytes(b"other and longer")
    assert digest(str(path), "resnet18") == hashlib.sha256(b"other and longer").hexdigest()[:8]
    assert digest(str(path), "resnet18") != first
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    digest(str(path), "resnet18")


def serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ThreadingHTTPServer:
    """Publish a folder on the loopback interface."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(weights, "URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    return server


def test_weights_that_are_nowhere_are_downloaded_into_the_cache(
    tmp_path: Path, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / published).write_bytes(CONTENT)
    before = socket.getdefaulttimeout()
    with serve(tmp_path / "site", monkeypatch) as server:
        path = resolve("imagenet", "resnet18", tmp_path / "data")
        server.shutdown()
    assert path == tmp_path / "hub" / "checkpoints" / published
    assert path.read_bytes() == CONTENT
    assert socket.getdefaulttimeout() == before


def test_a_download_with_another_digest_leaves_no_file(
    tmp_path: Path, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / published).write_bytes(b"<html>log in first</html>")
    with serve(tmp_path / "site", monkeypatch) as server:
        with pytest.raises(FileNotFoundError, match=r"downloaded \(invalid hash value"):
            resolve("imagenet", "resnet18", tmp_path / "data")
        server.shutdown()
    left = (tmp_path / "hub" / "checkpoints").iterdir()
    assert [path.name for path in left if path.suffix != ".lock"] == []


@pytest.mark.parametrize("silent", [False, True], ids=["closed port", "no answer"])
def test_offline_says_soon_which_file_to_put_where(
    tmp_path: Path, published: str, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.5)
    before, start = socket.getdefaulttimeout(), time.monotonic()
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        if silent:
            port.listen()
        url = f"http://127.0.0.1:{port.getsockname()[1]}/"
        monkeypatch.setattr(weights, "URL", url)
        with pytest.raises(FileNotFoundError) as caught:
            resolve("imagenet", "resnet18", tmp_path / "data")
    said = str(caught.value)
    assert f"put {published} from {url}{published} into {tmp_path / 'data' / 'weights'}" in said
    assert "--weights none or --weights FILE, which work offline." in said
    assert time.monotonic() - start < 5
    assert socket.getdefaulttimeout() == before


def test_a_name_look_up_that_hangs_counts_as_offline(
    tmp_path: Path, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def hang(*_args: object, **_kwargs: object) -> None:
        release.wait(4)
        raise OSError("never found")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(FileNotFoundError, match=r"no answer within 0\.2 s"):
            resolve("imagenet", "resnet18", tmp_path / "data")
    finally:
        release.set()
    assert time.monotonic() - start < 3


@pytest.mark.timeout(20)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_weights_that_are_no_regular_file_are_a_sentence(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    path = tmp_path / f"w{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(FileNotFoundError, match="neither 'imagenet' nor 'none' nor an existing"):
        digest(str(path), "resnet18")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_state_dict(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_too_large_a_file_of_weights_is_refused_unread(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    with path.open("wb") as file:
        file.truncate(2**40)
    for read in (lambda: digest(str(path), "resnet18"), lambda: load_state_dict(path)):
        with pytest.raises(ValueError, match=r"has more than 4,096 MiB"):
            read()


def test_weights_that_unpack_to_far_more_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(20 * 2**20)}, tmp_path / "w.pth")  # 80 MiB
    with (
        zipfile.ZipFile(tmp_path / "w.pth") as plain,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(ValueError, match=r"bomb\.pth unpacks to more than 64 MiB"):
        load_state_dict(tmp_path / "bomb.pth")


def test_a_shape_without_numbers_behind_it_fills_no_memory(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1, dtype=torch.float16).expand(2**40)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"unpacked, has more than 4,096 MiB"):
        load_state_dict(tmp_path / "w.pth")
