"""What a driver asks of the process that Ray lives in, and what that tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from service.resources import Resources
from service.study import Study
from service.trial_spec import TrialSpec

Cause = Literal["raised", "memory", "node", "died"]


@dataclass(frozen=True)
class Connect:
    """Join the cluster at an address, None: start one here. Answered by the nodes it has.

    variables: the environment variables that trials need, on every node the same.
    """

    address: str | None
    variables: Mapping[str, str]


@dataclass(frozen=True)
class CheckShared:
    """See whether every node sees and can write a folder."""

    folder: Path


@dataclass(frozen=True)
class RunTrials:
    """Run trials to their ends, telling every Event; which ones, is asked for with Want.

    waits: whether after every line it is to wait for a Goes, before the trial goes on.
    run: the run folder.
    trial: what one books.
    slots: how many are expected to run at once.
    max_concurrent: how many may; None: as many as fit, also on nodes that join.
    max_failures: how often one that fails is tried again.
    token: of the lease that they write under.
    limit: seconds without progress after which a trial is ended, see service.watchdog.
    """

    study: Study
    run: Path
    waits: bool
    trial: Resources
    slots: int
    max_concurrent: int | None
    max_failures: int
    token: str
    limit: float | None


@dataclass(frozen=True)
class Stop:
    """Begin no further trial, and let those that run end with the epoch that they are in."""


@dataclass(frozen=True)
class Given:
    """A trial to run, in plain values: a study's own class would travel anew with every trial.

    settings: as JSON.
    """

    key: str
    seed: int
    settings: str

    @classmethod
    def of(cls, spec: TrialSpec) -> Given:
        """What is to be known of it where it runs."""
        return cls(spec.key, spec.seed, spec.settings.model_dump_json())


@dataclass(frozen=True)
class Take:
    """What answers Want: the next trial; None if there is none as long as others run.

    over: whether none will come any more.
    """

    trial: Given | None
    over: bool = False


@dataclass(frozen=True)
class Goes:
    """What answers the event of lines, where it is waited for: whether the trial goes on."""

    on: bool


@dataclass(frozen=True)
class Leave:
    """Leave the cluster; one that was started here is stopped."""


@dataclass(frozen=True)
class Event:
    """What happened to a trial: it got a process, committed lines, ended, or failed for good.

    lines: that it committed, one after the other.
    cause: of a failure: it raised something, its node ran out of memory, or its node or only its
        process died.
    text: of a failure: what Ray and Python say, for error.txt.
    """

    what: Literal["start", "lines", "end", "failed"]
    key: str
    lines: Sequence[Mapping[str, Any]] = ()
    cause: Cause = "raised"
    text: str = ""


@dataclass(frozen=True)
class Want:
    """There is a place for a trial, or soon will be.

    nodes: see Done.
    """

    nodes: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Refused:
    """A sentence for a person: what was asked for cannot be."""

    says: str


@dataclass(frozen=True)
class Broken:
    """What was asked for failed in a way that nobody foresaw: the exception, in a line."""

    says: str


@dataclass(frozen=True)
class Done:
    """What was asked for is done.

    nodes: CPUs and GPUs of each node of the cluster.
    """

    nodes: Sequence[tuple[float, float]] = ()


Request = Connect | CheckShared | RunTrials | Take | Goes | Stop | Leave
Answer = Done | Refused | Broken
