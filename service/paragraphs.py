"""An answer as a file beside its study: markdown, `## sweep` and below it the paragraph on that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from runs.errors import UsageError

HEADING = re.compile(r"^## *(.*?) *$", re.MULTILINE)


def paragraphs_of(answer: Mapping[str, str] | Path) -> dict[str, str]:
    """The paragraph on each sweep.

    answer: these, or the file that has them.

    Raises UsageError if the file cannot be read, or has anything but a title and such paragraphs.
    """
    if isinstance(answer, Mapping):
        return dict(answer)
    try:
        title, *parts = HEADING.split(Path(answer).read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"The answer {answer} cannot be read: {why}.") from None
    if not re.fullmatch(r"\s*(# .*)?\s*", title):
        first = next(line for line in title.splitlines() if line.strip() and line[:2] != "# ")
        raise UsageError(f"{answer} says {first!r} before its first heading, ## and a sweep.")
    sweeps, texts = parts[::2], parts[1::2]
    if not sweeps:
        raise UsageError(f"{answer} has no heading, ## and a sweep.")
    for sweep, text in zip(sweeps, texts, strict=True):
        if sweeps.count(sweep) > 1:
            raise UsageError(f"{answer} has several paragraphs headed ## {sweep}.")
        if not text.strip():
            raise UsageError(f"{answer} has nothing below ## {sweep}.")
    return dict(zip(sweeps, texts, strict=True))
