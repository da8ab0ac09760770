"""Fetching a published file, or saying soon that the network is not there."""

from __future__ import annotations

import socket
import threading
import urllib.request
from pathlib import Path

TIMEOUT_S = 10.0
"""How long the server may take to answer at all, and each later read of a download, in seconds."""


def download(url: str, path: Path, sha256: str) -> None:
    """Download a file, with a progress bar, to a temporary name that is renamed once it is right.

    Args:
        url: the file's address.
        path: where it goes; missing folders are made.
        sha256: the first hex digits of its sha256.

    Raises:
        OSError: there is no network, no such file or no place to write.
        http.client.HTTPException: the server broke off.
        RuntimeError: what came has another sha256; nothing is left under ``path``.
    """
    import torch.hub

    _await_answer(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=sha256, progress=True)
    finally:
        socket.setdefaulttimeout(timeout)


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
