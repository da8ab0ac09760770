"""Why a trial failed, in a person's words."""

from __future__ import annotations

import re
from pathlib import Path

from service.cluster.messages import Event
from service.watchdog import last_word

LONGEST = 300
SENTENCE = re.compile(r"^(?:runs|service)\.[\w.]+: ")  # an exception of ours is a sentence
MEMORY = (
    "its machine ran out of memory; fewer trials at once (--max-concurrent N) or smaller batches "
    "need less"
)
NODE = "the node that it ran on went away"
DIED = (
    "its process ended without a word: something killed it, or it left Python (os._exit); a "
    "machine that runs out of memory kills so, too"
)


def in_words(event: Event, folder: Path) -> tuple[str, str]:
    """(one line for a person, all that is known, for error.txt).

    event: of the failure.
    folder: the trial's; what its process left there as its last word is taken away.
    """
    word = last_word(folder)
    if event.cause == "memory":
        return MEMORY, event.text
    if event.cause == "node":
        return NODE, event.text
    if event.cause == "raised":
        lines = event.text.strip().splitlines()
        return (SENTENCE.sub("", lines[-1])[:LONGEST] if lines else DIED), event.text
    if word is None:
        return DIED, event.text
    where = f" in {word.where}" if word.where else ""
    if word.what == "hung":
        return f"it made no progress for {word.seconds:g} seconds{where}", word.text
    return f"its process crashed: {word.what}{where}", word.text
