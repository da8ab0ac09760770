"""results.json and results.csv: the trials of a run as others read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runs.record import TrialRecord

# What is told of a trial.
ENTRY = (
    "key", "sweeps", "settings", "seed", "status", "reason", "diverged", "epochs", "metrics",
    "seconds",
)  # fmt: skip
ROLE = "role"  # which an older run does not tell: all that it has is compared


def entry(trial: TrialRecord) -> dict[str, Any]:
    """A trial in results.json."""
    return {name: getattr(trial, name) for name in (*ENTRY, ROLE)}


def entries_of(value: Any) -> list[dict[str, Any]] | None:
    """The trials in what results.json holds; None where that is damaged."""
    told = value.get("trials") if isinstance(value, dict) else None
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        return None
    whole = all(e.keys() >= set(ENTRY) and isinstance(e["metrics"], dict) for e in told)
    return told if whole else None


def as_told(stand: TrialRecord, told: Mapping[str, Any]) -> TrialRecord:
    """A trial with the numbers that results.json has of it."""
    return replace(stand, **{name: told[name] for name in ENTRY})


def agree(told: Sequence[Mapping[str, Any]] | None, records: Iterable[TrialRecord]) -> bool:
    """Whether the entries of results.json have these trials, as they stand.

    Numbers are not compared: lines that are kept may have fewer digits.
    """
    if told is None:
        return False
    entries = {one["key"]: one for one in told}
    stand = {record.key: record for record in records}

    def agrees(one: Mapping[str, Any], record: TrialRecord) -> bool:
        same = all(one[n] == getattr(record, n) for n in ("status", "diverged", "epochs"))
        same = same and one.get(ROLE, "compared") == record.role
        return same and one["metrics"].keys() >= record.metrics.keys()

    return entries.keys() == stand.keys() and all(
        agrees(entries[key], record) for key, record in stand.items()
    )


def table(entries: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Rows of results.csv, a trial each, below their titles; what one does not have is empty."""
    about = ("key", "seed", ROLE, "status", "reason", "diverged", "epochs", "seconds")
    rows = [
        {k: t[k] for k in about} | {"sweeps": " ".join(t["sweeps"])} | t["settings"] | t["metrics"]
        for t in entries
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [columns, *([row.get(name, "") for name in columns] for row in rows)]
