"""What MLflow holds of a run, and what is to be done about it where it is not what is owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.tracking.owed import (
    FILES,
    LINES,
    NESTED_IN,
    NOTE,
    REASON,
    WARNING,
    Attachment,
    Data,
    Owed,
    Row,
)

OURS = ("study.", "environment.")  # what the tags of this project begin with


@dataclass
class Held:
    """One MLflow run.

    data: name and digest of its datasets.
    metrics: the names of those that have a value.
    rows, files: None as long as nobody looked; then it has the rows of as many lines as its tag
        says, and the files whose digest its tag is. files are sizes in bytes, by path.
    artifacts: the address that its artifacts have.
    place: where they lie on this machine, None where they lie elsewhere.
    """

    run_id: str
    key: str
    name: str
    status: str
    start: int
    end: int | None
    tags: dict[str, str]
    params: dict[str, str]
    data: set[tuple[str, str]]
    metrics: list[str] = field(default_factory=list)
    rows: set[Row] | None = None
    files: dict[str, int | None] | None = None
    artifacts: str = ""
    place: Path | None = None

    @property
    def arrived(self) -> int:
        """Of how many metrics lines it has all rows."""
        return int(self.tags.get(LINES, "0"))


def one_of(several: Iterable[Held]) -> list[Held]:
    """Runs that are one, the one that stays first: it has most, and everyone chooses the same."""
    return sorted(several, key=lambda held: (-held.arrived, held.run_id))


@dataclass
class Mending:
    """What makes a run hold what it owes.

    says: what is wrong, each what a sentence says of the run: "its name is x".
    anew: whether only another run can: MLflow changes neither params nor rows, nor the start.
    """

    says: list[str] = field(default_factory=list)
    anew: bool = False
    name: bool = False
    status: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    tags_gone: list[str] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    data: bool = False
    files: list[Attachment] = field(default_factory=list)
    files_gone: list[str] = field(default_factory=list)

    @property
    def only_tags(self) -> bool:
        """Whether neither numbers nor files have a part in it."""
        rest = (self.anew, self.name, self.status, self.params, self.rows, self.data)
        arrived = {LINES, FILES} & self.tags.keys()
        return not any((*rest, self.files, self.files_gone, arrived))


def compare(owed: Owed, held: Held, parent: str | None) -> Mending:
    """What a run lacks, has too much, or otherwise.

    parent: the MLflow run that it is to be nested below, None of the parent itself.
    """
    mending = Mending()
    for check in (_about, _params, _tags, _rows, _data, _files):
        mending.says += check(owed, held, mending)
    if parent is not None and held.tags.get(NESTED_IN) != parent:
        mending.tags[NESTED_IN] = parent
        mending.says.append("it is not nested below the parent run")
    if not mending.says and mending.tags:  # what has arrived is known only from now on
        mending.says.append("how much of it has arrived is not written down")
    return mending


def _about(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    if held.name != owed.name:
        mending.name = True
        yield f"its name is {held.name}"
    if owed.start is not None and held.start != owed.start:
        mending.anew = True
        yield f"it began at {held.start} instead of {owed.start}"
    if held.status != owed.status:
        mending.status = True
        yield f"its status is {held.status} instead of {owed.status}"
    elif owed.end is not None and held.end != owed.end:
        mending.status = True
        yield f"it ended at {held.end} instead of {owed.end}"


def _params(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    for name, value in owed.params.items():
        if name not in held.params:
            mending.params[name] = value
            yield f"{name} is missing"
        elif held.params[name] != value:
            mending.anew = True
            yield f"{name} is {held.params[name]} instead of {value}"
    for name in held.params.keys() - owed.params.keys():
        mending.anew = True
        yield f"it has a param {name} that the run has not"


def _tags(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    for name, value in owed.tags.items():
        there = held.tags.get(name)
        if there == value or (name == NOTE and there and not there.startswith(WARNING)):
            continue  # a note that a person wrote stays
        mending.tags[name] = value
        if name not in (LINES, FILES):  # these are said where rows and files are compared
            yield f"its tag {name} is {there} instead of {value}"
    for name in held.tags.keys() - owed.tags.keys():
        if name == REASON or (owed.final and _ours(name, held.tags[name])):
            mending.tags_gone.append(name)
            yield f"it has a tag {name} that the run has not"


def _ours(name: str, value: str) -> bool:
    return name.startswith(OURS) or (name == NOTE and value.startswith(WARNING))


def _rows(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    if held.rows is None:
        mending.anew |= held.arrived > len(owed.lines)
        mending.rows = [row for line in owed.lines[held.arrived :] for row in line]
        if mending.rows or mending.anew:
            yield f"it has {held.arrived} metrics lines in MLflow, not the run's {len(owed.lines)}"
        return
    rows = owed.rows
    wanted = set(rows)
    mending.rows = [row for row in rows if row not in held.rows]
    surplus = held.rows - wanted
    mending.anew |= bool(surplus)
    for name in dict.fromkeys(row.name for row in (*mending.rows, *sorted(surplus))):
        there = sum(row.name == name for row in held.rows)
        own = sum(row.name == name for row in wanted)
        if there == own:
            yield f"{name} has other values in MLflow than in the run"
        elif own == 0:
            yield f"it has a metric {name} that the run has not"
        else:
            yield f"{name} has {there} values in MLflow, not the run's {own}"


def _data(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    if owed.data and (owed.data.name, owed.data.digest) not in held.data:
        mending.data = True
        yield f"its dataset {owed.data.name} is missing"
    for name, digest in held.data - _named(owed.data):
        mending.anew = True
        yield f"it has a dataset {name} ({digest}) that the run has not"


def _named(data: Data | None) -> set[tuple[str, str]]:
    return {(data.name, data.digest)} if data else set()


def _files(owed: Owed, held: Held, mending: Mending) -> Iterator[str]:
    same = held.tags.get(FILES) == owed.tags.get(FILES)
    if held.files is None:
        mending.files = [] if same else list(owed.files)
        if mending.files:
            yield "its files are not all there"
        return
    for one in owed.files:
        if one.path not in held.files:
            yield f"{one.path} is missing"
        elif held.files[one.path] not in (None, one.size):
            yield f"{one.path} has {held.files[one.path]} bytes in MLflow instead of {one.size}"
        elif held.place is not None and (held.place / one.path).read_bytes() != one.content:
            yield f"{one.path} has another content in MLflow"
        elif same or held.place is not None:
            continue
        mending.files.append(one)
    if owed.final:
        mending.files_gone = sorted(held.files.keys() - {one.path for one in owed.files})
        for name in mending.files_gone:
            yield f"it has a file {name} that the run has not"
