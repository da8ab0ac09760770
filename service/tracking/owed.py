"""What MLflow is to hold of a run, as values read off its folder.

Sending and checking go by these alone. Two tags say how much has arrived, so that whoever goes on
with a run need not compare every number: `study.lines`, of how many metrics lines (it is set in the
call that sends their last row), and `study.files`, the digest of all files (set after the last).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from claims.searching import Found
from reports import answer_file, page
from reports.audit import Audit
from reports.reading import Reading
from runs import searched, trial_folder
from runs.bundle import Readable
from runs.folder import ADDED_FILE, RESULTS_FILE, STUDY_FILE, TABLE_FILE, RunFolder
from runs.record import Ended, StudyRecord, TrialAsked
from runs.trial_folder import TrialFolder
from runs.variants import trial_names

RUN, KEY, PARENT = "study.run", "study.trial_key", "study.parent"  # a run is found again by these
STATUS, REASON, AUDIT = "study.status", "study.reason", "study.audit"
ROLE = "study.role"
BEST = "study.best"  # of a search
LINES, FILES = "study.lines", "study.files"
NOTE, NESTED_IN = "mlflow.note.content", "mlflow.parentRunId"
WARNING = "⚠ "  # what a note of ours begins with, below a trial

LONGEST_TAG, LONGEST_PARAM = 5000, 6000  # MLflow cuts longer ones, from 8,000 letters on
LONGEST_DIGEST = 32  # MLflow allows 36
IN_MLFLOW = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "pruned": "KILLED"}
KEPT_ENDINGS = (".npz", ".json", ".csv", ".txt", ".png", ".safetensors")
# error.txt names addresses and paths of whoever ran it; the reason is a tag.
NOT_SENT = (trial_folder.PROGRESS, trial_folder.ERROR)


class Row(NamedTuple):
    """One value of a metric; timestamp in milliseconds since 1970."""

    name: str
    step: int
    value: float
    timestamp: int


class Data(NamedTuple):
    """The images that a run reads: MLflow's dataset."""

    name: str
    digest: str
    profile: str


@dataclass(frozen=True)
class Attachment:
    """A file that MLflow keeps as an artifact.

    path: its name there: "report.html", "figures/curves.png".
    """

    path: str
    file: Readable

    @cached_property
    def content(self) -> bytes:
        """All of it."""
        return self.file.read_bytes()

    @property
    def size(self) -> int:
        """In bytes."""
        return self.file.stat().st_size if isinstance(self.file, Path) else len(self.content)


@dataclass(frozen=True)
class Owed:
    """What one MLflow run is to hold.

    key: of the trial, "" of the parent run.
    status: MLflow's word.
    start, end: milliseconds since 1970; None of a start that nobody wrote down, and of an end that
        is yet to come.
    lines: the rows of each metrics line.
    final: whether nothing more will come, so that other tags of ours and other files are wrong.
    """

    key: str
    name: str
    status: str
    start: int | None
    end: int | None
    tags: Mapping[str, str]
    params: Mapping[str, str]
    lines: Sequence[Sequence[Row]] = ()
    data: Data | None = None
    files: Sequence[Attachment] = ()
    final: bool = False

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for line in self.lines for row in line]

    @property
    def called(self) -> str:
        """What it is called in a sentence about it."""
        return self.name if self.key else "The parent run"


class Source:
    """A run folder as what it owes; the study is read again only when its file changes."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._seen: list[tuple[int, int]] = []

    def study(self) -> StudyRecord:
        """What study.json holds now, with what was added to it."""
        seen = [_stamp(self.run.path / name) for name in (ADDED_FILE, STUDY_FILE)]
        if seen != self._seen:
            self._study = self.run.study
            self._names = trial_names(searched.named(self._study))
            self._asked = {asked.key: asked for asked in self._study.trials}
            self._seen = seen
        return self._study

    @property
    def keys(self) -> list[str]:
        """Of all trials that were asked for."""
        return [trial.key for trial in self.study().trials]

    def trial(
        self, key: str, *, concluded: bool = False, audit: Audit | None = None
    ) -> Owed | None:
        """What a trial owes; None of one that has measured nothing and has not ended.

        concluded: whether nothing runs any more: one that has not ended is then stopped.
        audit: what was found in it, None if that is not known.
        """
        study, trial = self.study(), self.run.trial(key)
        found = trial.contents()
        ending, lines = found.ending, found.lines
        if not lines and ending is None:
            return None
        asked = TrialFolder(trial.path, self._asked[key]).asked
        status = ending.status if ending else "stopped" if concluded else "running"
        tags = {
            KEY: key,
            "study.sweeps": " ".join(asked.sweeps),
            "study.seed": str(asked.seed),
            ROLE: asked.role,
            STATUS: status,
            LINES: str(len(lines)),
            **_origin(study),
        }
        if ending and ending.reason:
            tags[REASON] = ending.reason
        if audit is not None and ending is not None:
            said = " ".join(f"{fault.check}: {fault.says}" for fault in audit.faults)
            tags[AUDIT] = said or "nothing found"
            if said:
                tags[NOTE] = WARNING + said
        files = _files(trial) if ending else []
        return _owed(
            Owed(
                key,
                self._names[key],
                IN_MLFLOW.get(status, "RUNNING"),
                _start(lines, ending),
                _end(lines, ending) if ending or concluded else None,
                tags,
                params(asked),
                [_rows(line) for line in lines],
                _data(study),
                files,
                final=concluded and (audit is not None or ending is None),
            )
        )

    def concluded_trials(self, read: Reading | None) -> list[Owed]:
        """What all trials owe when nothing runs any more.

        read: what was read off the run, None if that is not known.
        """
        audits = {} if read is None else read.audits
        owed = [self.trial(k, concluded=True, audit=audits.get(k)) for k in self.keys]
        return [one for one in owed if one is not None]

    def parent(self) -> Owed:
        """What the run itself owes while it goes on."""
        study = self.study()
        tags = {
            PARENT: "yes",
            NOTE: study.question,
            "study.question": study.question,
            "study.command": study.command,
            "study.commit": str(study.commit.commit),
            "study.data_fingerprint": str(study.dataset.get("fingerprint")),
            **{f"environment.{k}": str(v) for k, v in study.environment.items()},
            STATUS: "running",
            **_origin(study),
        }
        start = None if study.created is None else int(1000 * study.created)
        held = {k: str(v) for k, v in study.settings.items() if v is not None}
        return _owed(Owed("", study.run, "RUNNING", start, None, tags, held, data=_data(study)))

    def concluded_parent(self, nested: Iterable[Owed], read: Reading | None) -> Owed:
        """What the run itself owes when nothing runs any more.

        nested: what its trials owe.
        read: what was read off it, None if that is not known.
        """
        parent, status = self.parent(), self.run.status()
        tags = {**parent.tags, STATUS: status}
        for verdict in read.verdicts if read else ():
            tag = f"study.claim.{verdict.claim.id}"
            tags |= {tag: verdict.status, f"{tag}.declared": verdict.declared}
        if read is not None and read.search is not None and read.search.best is not None:
            tags[BEST] = _best(read.search)
        ends = [one.end for one in nested if one.end is not None]
        return _owed(
            replace(
                parent,
                status=IN_MLFLOW[status],
                end=max(ends, default=parent.start or 0),
                tags=tags,
                files=_files_of_run(self.run.path),
                final=read is not None,
            )
        )


def _best(found: Found) -> str:
    """The settings that a search found and what they came to, in it and with fresh seeds: JSON."""
    told: dict[str, Any] = {
        "settings": found.settings,
        "metric": found.metric,
        "value": found.best and found.best.value,
    }
    if values := found.fresh(found.metric):
        told |= {"fresh_seeds": len(values), "mean": sum(values) / len(values)}
    return json.dumps(told)


def _stamp(file: Path) -> tuple[int, int]:
    """What changes with a file; that of none if there is no file."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _owed(owed: Owed) -> Owed:
    """With texts as long as MLflow keeps them, and the digest of the files."""
    tags = {name: text[:LONGEST_TAG] for name, text in owed.tags.items()}
    if owed.files:
        tags[FILES] = _digest(owed.files)
    held = {name: text[:LONGEST_PARAM] for name, text in owed.params.items()}
    return replace(owed, tags=tags, params=held)


def _digest(files: Iterable[Attachment]) -> str:
    whole = hashlib.sha256()
    for one in files:
        content = one.file.read_bytes()
        whole.update(f"{one.path} {hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def _origin(study: StudyRecord) -> dict[str, str]:
    # MLflow shows what follows the last slash: the options would hide the name.
    origin = {
        RUN: study.run,
        "mlflow.source.name": study.program or "service.run",
        "mlflow.source.type": "LOCAL",
    }
    if study.commit.commit:
        origin["mlflow.source.git.commit"] = study.commit.commit
    return origin


def _data(study: StudyRecord) -> Data | None:
    known = study.dataset
    if not known.get("fingerprint"):
        return None
    digest = known["fingerprint"][:LONGEST_DIGEST]
    return Data(known["name"], digest, json.dumps(known["counts"]))


def _start(lines: Sequence[Mapping[str, Any]], ending: Ended | None) -> int:
    """When a trial began: its first line was written when its epoch ended."""
    if not lines:
        return int(1000 * ending.ended) if ending else 0
    return int(lines[0]["timestamp"] - 1000 * lines[0].get("time/seconds", 0.0))


def _end(lines: Sequence[Mapping[str, Any]], ending: Ended | None) -> int:
    return int(1000 * ending.ended) if ending else int(lines[-1]["timestamp"])


def params(asked: TrialAsked) -> dict[str, str]:
    """A nested run's params."""
    return {k: str(v) for k, v in {**asked.settings, "seed": asked.seed}.items()}


def _rows(line: Mapping[str, Any]) -> list[Row]:
    """What of a metrics line are metrics."""
    return [
        Row(name, int(line["epoch"]), float(value), int(line["timestamp"]))
        for name, value in line.items()
        if "/" in name
    ]


def _files(trial: TrialFolder) -> list[Attachment]:
    """What a trial left for people, without checkpoints and heartbeats."""
    files = sorted(trial.path.iterdir(), key=lambda file: file.name)
    return [
        Attachment(file.name, file)
        for file in files
        if file.name.endswith(KEPT_ENDINGS) and file.name[0] != "." and file.name not in NOT_SENT
    ]


def _files_of_run(folder: Path) -> list[Attachment]:
    names = (STUDY_FILE, RESULTS_FILE, TABLE_FILE, answer_file.NAME, page.NAME)
    files = [folder / name for name in names]
    files += sorted((folder / "figures").glob("**/*"))
    return [
        Attachment(file.relative_to(folder).as_posix(), file) for file in files if file.is_file()
    ]
