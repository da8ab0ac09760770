"""Fetching a file: checked, once, and whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from files.download import download, matches

ROOT = Path(__file__).resolve().parents[2]
CONTENT = bytes(range(256)) * 4096
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"

# argv: url, path, digest
LOADER = "import sys; from pathlib import Path; from files.download import download;" + (
    "download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])"
)


def start(url: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOADER, url, str(path), SHA256]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("digest", [SHA256, SHA256[:15], MD5, MD5[:8]])
def test_a_file_with_the_right_digest_is_kept_and_not_loaded_again(
    site: Any, tmp_path: Path, digest: str
) -> None:
    (site.folder / "a.bin").write_bytes(CONTENT)
    path = tmp_path / "new" / "folder" / "a.bin"
    before = socket.getdefaulttimeout()
    for _ in range(2):
        download(f"{site.url}a.bin", path, digest)
    assert path.read_bytes() == CONTENT
    assert matches(path, digest)
    assert site.sent == ["a.bin"]
    assert left_in(path.parent) == ["a.bin"]
    assert socket.getdefaulttimeout() == before


@pytest.mark.parametrize("digest", [SHA256, MD5])
def test_a_file_with_another_digest_leaves_nothing(site: Any, tmp_path: Path, digest: str) -> None:
    (site.folder / "a.bin").write_bytes(b"<html>log in first</html>")
    path = tmp_path / "data" / "a.bin"
    with pytest.raises(RuntimeError, match=rf"invalid hash value \(expected {digest}, got "):
        download(f"{site.url}a.bin", path, digest)
    assert left_in(path.parent) == []


def test_a_file_that_is_not_there_leaves_not_even_a_folder(site: Any, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="404"):
        download(f"{site.url}a.bin", tmp_path / "data" / "a.bin", MD5)
    assert not (tmp_path / "data").exists()


def test_a_server_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def answer(listening: socket.socket) -> None:
        for body in (b"", CONTENT[:1000]):  # to HEAD, then to GET
            connection, _ = listening.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + body)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/a.bin"
        with pytest.raises((OSError, RuntimeError, http.client.HTTPException)):
            download(url, tmp_path / "data" / "a.bin", SHA256)
    assert left_in(tmp_path / "data") == []


def test_processes_that_start_together_download_once(site: Any, tmp_path: Path) -> None:
    (site.folder / "a.bin").write_bytes(CONTENT)
    path = tmp_path / "data" / "a.bin"
    running = [start(f"{site.url}a.bin", path) for _ in range(3)]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert path.read_bytes() == CONTENT
    assert site.sent == ["a.bin"]


def test_what_a_killed_process_left_is_removed_and_loaded_again(site: Any, tmp_path: Path) -> None:
    path = tmp_path / "data" / "a.bin"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = start(f"http://127.0.0.1:{listening.getsockname()[1]}/a.bin", path)
        for body in (b"", CONTENT[:1000]):  # to HEAD, then half an answer to GET
            connection, _ = listening.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + body)
            if not body:
                connection.close()
        deadline = time.monotonic() + 30
        while not left_in(path.parent) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        connection.close()
    assert left_in(path.parent) == [".a.bin.loading"]

    (site.folder / "a.bin").write_bytes(CONTENT)
    download(f"{site.url}a.bin", path, SHA256)
    assert path.read_bytes() == CONTENT
    assert left_in(path.parent) == ["a.bin"]


def test_importing_and_checking_loads_no_torch(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    code = (
        "import sys; from pathlib import Path; from files.download import matches;"
        "assert matches(Path(sys.argv[1]), sys.argv[2]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin"), MD5], cwd=ROOT, check=True)
