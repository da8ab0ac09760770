"""The one exception that is a message to the user, and how pydantic's errors become one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import ValidationError


class UsageError(ValueError):
    """Wrong usage or input: one sentence; the command line prints it and exits with status 2."""


def nearest(name: str, known: Iterable[str]) -> str:
    """What follows a name that is none: "; did you mean X?", or the list of all."""
    names = list(known)
    match = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {match[0]}?" if match else f"; there are {', '.join(names)}."


def sentence(error: ValidationError, names: Iterable[str]) -> UsageError:
    """The first of pydantic's complaints, as one sentence."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return UsageError(f"There is no setting {where!r}{nearest(where, names)}")
    message = first["msg"].removeprefix("Value error, ")
    if not where:
        return UsageError(message)
    if first["type"] == "value_error":
        return UsageError(f"{where}: {message}")
    return UsageError(f"{where}: {message[0].lower()}{message[1:]}; got {first['input']!r}.")
