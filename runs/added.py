"""trials.jsonl: the trials that a search lists while it runs, a line each.

study.json would be written anew for every one of them. A line is on the disk before its trial
starts. What both files have is counted once, so that a process may be killed between writing
study.json with these lines in it and removing them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from runs import atomic
from runs.record import StudyRecord, Suggestion, TrialAsked

SUGGESTION = "suggestion"  # what a line has beside the trial


class Added(NamedTuple):
    """A trial, and what it answers."""

    trial: TrialAsked
    suggestion: Suggestion | None


def append(file: Path, trial: TrialAsked, suggestion: Suggestion | None) -> None:
    """Add a line, on the disk when this returns; one that a killed process left torn is ended."""
    new = not file.exists()
    line: dict[str, Any] = trial.model_dump(mode="json")
    if suggestion is not None:
        line[SUGGESTION] = suggestion.model_dump(mode="json")
    row = f"{json.dumps(line, allow_nan=False)}\n".encode()
    with file.open("ab+") as opened:
        if opened.tell():
            opened.seek(-1, 2)
            row = row if opened.read(1) == b"\n" else b"\n" + row
        opened.write(row)
        opened.flush()
        atomic.sync(opened.fileno())
    if new:
        atomic.sync_folder(file.parent)


def read(file: Path) -> list[Added]:
    """All lines that are whole; [] if there is no file."""
    try:
        rows = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for row in rows:
        try:
            line = json.loads(row)
            answers = line.pop(SUGGESTION, None)
            suggestion = None if answers is None else Suggestion.model_validate(answers)
            found.append(Added(TrialAsked.model_validate(line), suggestion))
        except (UnicodeDecodeError, json.JSONDecodeError, AttributeError, ValidationError):
            continue  # torn: its trial has not started
    return found


def merged(record: StudyRecord, lines: Sequence[Added]) -> StudyRecord:
    """The record with these lines in it; a trial that it has is as its last line says."""
    if not lines:
        return record
    trials = {trial.key: trial for trial in record.trials}
    trials |= {line.trial.key: line.trial for line in lines}
    suggested = {one.number: one for one in record.suggested}
    suggested |= {one.suggestion.number: one.suggestion for one in lines if one.suggestion}
    return record.model_copy(
        update={"trials": tuple(trials.values()), "suggested": tuple(suggested.values())}
    )
