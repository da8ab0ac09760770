"""Reading what others made: regular files only, and no more than a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from files import regular

pytestmark = pytest.mark.timeout(20)  # what waits for a pipe would wait for ever


def test_a_regular_file_is_read_whole_and_so_is_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(100)))
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        assert regular.read(tmp_path / name, 100) == bytes(range(100))
    with regular.opened(tmp_path / "link") as file:
        assert file.read() == bytes(range(100))


def test_a_pipe_is_refused_at_once_though_somebody_writes_into_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(regular.Refused, match=r"pipe is no regular file"):
        regular.read(tmp_path / "pipe", 100)
    number = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(regular.Refused, match=r"pipe is no regular file"):
            regular.read(tmp_path / "pipe", 100)
    finally:
        os.close(number)


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/urandom", "/tmp"])
def test_what_a_link_leads_to_must_be_a_regular_file(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(regular.Refused, match="is no regular file"):
        regular.read(tmp_path / "link", 100)


def test_too_large_a_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)  # a hole, of which nothing is stored
    with pytest.raises(regular.Refused, match=r"large has more than 3 MiB"):
        regular.read(tmp_path / "large", 3 * 2**20)


def test_a_file_that_says_to_be_empty_is_read_no_further_than_the_limit() -> None:
    with pytest.raises(regular.Refused, match="has more than"):
        regular.read(Path("/proc/self/environ"), 1)


def test_nothing_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        regular.read(tmp_path / "a", 3)
        for name in ("a", "pipe"):
            with pytest.raises(regular.Refused):
                regular.read(tmp_path / name, 2)
    assert len(os.listdir("/proc/self/fd")) == before
