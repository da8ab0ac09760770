"""Fetching a published file once, or saying soon that the network is not there.

A digest is `"sha256:HEX"` or `"md5:HEX"`, where HEX may be just the first hex digits.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import threading
import urllib.request
from pathlib import Path

from files import limits, regular

BLOCK = 2**20  # bytes
TIMEOUT_S = 10.0
"""How long the server may take to answer at all, and each later read of a download, in seconds."""


def matches(path: Path, digest: str) -> bool:
    """Whether the content of a file has this digest; reads all of it."""
    return _digest(path, digest).startswith(digest.partition(":")[2])


def download(url: str, path: Path, digest: str) -> None:
    """Download a file, with a progress bar on stderr, unless it is there already.

    It is loaded into a folder beside `path` and moved once it is right, so nothing half-loaded ever
    bears the name. Of processes that start together one downloads and the others wait; what a
    killed one left is removed.

    url: the file's address.
    path: where it goes; missing folders are made.
    digest: what its content must have.

    Raises OSError if there is no network, no such file or no place to write,
    http.client.HTTPException if the server broke off, and RuntimeError if what came has another
    digest; nothing is left under `path` then.
    """
    from filelock import FileLock

    if path.is_file():
        return
    _await_answer(url)  # first, so that nothing at all is left where there is no network
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        if not path.is_file():  # another process may have loaded it while this one waited
            _download(url, path, digest)


def fetch(what: str, url: str, path: Path, digest: str, folder: Path, instead: str) -> None:
    """`download`, whose failure is one sentence for whoever sits before it.

    what: is downloaded, such as "The ImageNet weights".
    url, path, digest: as in `download`.
    folder: where a user may put the file by hand.
    instead: what works without it, such as "--weights none, which works offline".

    Raises FileNotFoundError if `download` raises anything.
    """
    try:
        download(url, path, digest)
    except (OSError, http.client.HTTPException, RuntimeError) as error:
        raise FileNotFoundError(
            f"{what} could not be downloaded ({error}): put {path.name} from {url} into {folder}, "
            f"or use {instead}."
        ) from error


def _download(url: str, path: Path, digest: str) -> None:
    loading = path.with_name(f".{path.name}.loading")
    shutil.rmtree(loading, ignore_errors=True)
    loading.mkdir()
    try:
        whole = loading / path.name
        _copy(url, whole)
        if not matches(whole, digest):
            raise RuntimeError(
                f"invalid hash value (expected {digest}, got {_digest(whole, digest)})"
            )
        whole.rename(path)
    finally:
        shutil.rmtree(loading, ignore_errors=True)


def _copy(url: str, path: Path) -> None:
    """What a server sends, up to a limit: its digest is known only at its end."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    request = urllib.request.Request(url, headers={"User-Agent": "tune-studies"})
    columns = (TextColumn(path.name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer,
        path.open("wb") as file,
        Progress(*columns, console=Console(stderr=True)) as bar,
    ):
        total = int(answer.headers.get("Content-Length") or 0)
        task = bar.add_task(path.name, total=total or None)
        done = 0
        while block := answer.read(BLOCK):
            done += len(block)
            if max(done, total) > limits.DOWNLOAD_BYTES:
                raise RuntimeError(f"more than {limits.DOWNLOAD_BYTES / 2**30:g} GiB")
            file.write(block)
            bar.advance(task, len(block))


def _digest(path: Path, digest: str) -> str:
    """The hex digits of the file, by the algorithm that `digest` names."""
    algorithm = digest.partition(":")[0]
    with regular.opened(path) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _await_answer(url: str) -> None:
    """Raise unless the server answers in time.

    A socket timeout counts for each address of a host and not for looking its name up, which
    together can take minutes where packets are dropped; a thread can be left behind.
    """
    failure: list[Exception] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=TIMEOUT_S).close()
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {TIMEOUT_S:g} s")
    if failure:
        raise failure[0]
