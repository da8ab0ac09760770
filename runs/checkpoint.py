"""A checkpoint: what a trial goes on from, and to which of its metrics lines it belongs."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from runs.atomic import sync
from runs.bundle import Readable

LINES = "lines"  # what a checkpoint's archive has beside torch's own parts


class Damaged(ValueError):
    """A checkpoint cannot be read."""


class Mark(BaseModel):
    """What a checkpoint belongs to; what an older one did not record is None, and not checked.

    lines: the number of metrics lines.
    digest: of these as they stand in metrics.jsonl, SHA-256.
    best: the number of the line whose state best.pt has beside this checkpoint; 0 for none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    lines: int
    digest: str | None = None
    best: int | None = None


def save(path: Path, mark: Mark, state: Mapping[str, Any]) -> None:
    """Write a checkpoint; it is on the disk afterwards. Raises OSError if there is no space."""
    import torch

    with path.open("w+b") as file:
        try:
            torch.save({"lines": mark.lines, "state": dict(state)}, file)
        except RuntimeError as error:  # torch's own words for what the file raised
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
        with zipfile.ZipFile(file, "a") as archive:  # for those who only count, without torch
            folder = archive.namelist()[0].partition("/")[0]  # torch wants all parts in one
            archive.writestr(f"{folder}/{LINES}", mark.model_dump_json())
        file.flush()
        sync(file.fileno())


def load(path: Readable) -> Mapping[str, Any] | None:
    """The state in a checkpoint, None without one. Raises Damaged if a bit of it is another."""
    return None if (value := _load(path)) is None else value["state"]


def mark_of(path: Readable) -> Mark | None:
    """What a checkpoint belongs to, None without one; does not read all of it.

    Raises Damaged if it cannot be read.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.partition("/")[2] == LINES:
                    text = archive.read(name).decode()
                    if text.isdigit():  # of an older run
                        return Mark(lines=int(text))
                    return Mark.model_validate_json(text)
    except FileNotFoundError:
        return None
    except OSError:
        raise
    except Exception as error:
        raise Damaged(str(error)) from None
    value = _load(path)  # of a still older run
    return None if value is None else Mark(lines=value["lines"])


def _load(path: Readable) -> dict[str, Any] | None:
    """{"lines", "state"} of a checkpoint, None without one. Raises Damaged."""
    import torch

    try:
        with path.open("rb") as file:
            # torch does not look at the checksums that it writes.
            with zipfile.ZipFile(file) as archive:
                if (bad := archive.testzip()) is not None:
                    raise Damaged(f"its part {bad} is another than was written")
            file.seek(os.SEEK_SET)
            value: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
            if not isinstance(value["state"], dict) or not isinstance(value["lines"], int):
                raise Damaged("it is no checkpoint of a trial")
            return value
    except FileNotFoundError:
        return None
    except (OSError, MemoryError):
        raise
    except Exception as error:  # there is no end to what a damaged pickle raises
        if "memory" in str(error):  # torch's allocator: nothing is wrong with the file
            raise MemoryError(str(error)) from error
        raise Damaged(str(error).partition("\n")[0]) from None
