"""What a run consists of, typed: what was asked for (study.json), and what its trials left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from runs.bundle import Readable
from runs.hits import Hits
from runs.ranges import Range, without

FORMAT = 1
Status = Literal["finished", "failed", "stopped", "pruned"]
Role = Literal["compared", "search", "default", "superseded"]


class _Record(BaseModel):
    # A file of a later version may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Commit(_Record):
    """Of the code: None where it was no checkout."""

    commit: str | None = None
    dirty: bool | None = None

    @property
    def short(self) -> str:
        """Seven letters, and whether there were changes, for people."""
        return (self.commit or "unknown")[:7] + (", changed" if self.dirty else "")


class Asked(_Record):
    """The options that a run was given.

    values: settings, by name, each with all values given.
    seeds: so many by now.
    max_seeds: of a run that goes on until its claims are decided, the most that it may have; its
        looks are planned by it.
    output: as it was typed.
    tune: how many settings are drawn for every variant and seed; 0: none is tuned.
    search: what suggests the settings that are tried, "" where they are listed beforehand.
    trials: how many it suggests.
    scheduler: what ends some of these early.
    """

    values: Mapping[str, Sequence[Any]] = {}
    only: tuple[str, ...] = ()
    seeds: int = 1
    max_seeds: int | None = None
    smoke: bool = False
    controls: bool = False
    output: str = "outputs"
    tune: int = 0
    search: str = ""
    trials: int | None = None
    scheduler: str = "none"


class Look(_Record):
    """A judgement of a sweep with more seeds or draws than before (`claims.looks`).

    seeds: that every variant of it had.
    alpha: what it spends of the share of false verdicts that all looks may take, its level.
    planned: whether it was to come at this number of seeds before anything ran.
    draws: how many settings each variant had been tuned over, 0 if none was.
    """

    seeds: int
    alpha: float
    planned: bool
    draws: int = 0


class Registered(_Record):
    """What a run was to be judged by, written down before its first trial.

    time: when, seconds since 1970; None of a run that registered nothing.
    commit: of the code.
    claims: id to digest of the claims that the study had (`claims.Claim.digest`).
    """

    time: float | None = None
    commit: Commit = Commit()
    claims: Mapping[str, str] = {}


class TrialAsked(_Record):
    """One trial as it was asked for: what settings.json and an entry of study.json hold.

    settings: those that apply, ready for JSON.
    draws: whether its seed decides anything; one that does not stands for every seed.
    role: what it is for. What is compared is trained with a variant's own settings; "search" trials
        are drawn to find these, "default" ones have what is held in their place, and "superseded"
        ones were compared until more settings were drawn.
    tuned: settings that are no part of the variant, since every variant has its own; those of a
        trial whose search has not ended are not yet among `settings`.
    among: keys of the trials whose best settings it is trained with; () of any other.
    """

    key: str
    seed: int
    sweeps: tuple[str, ...]
    settings: Mapping[str, Any]
    may_diverge: bool = False
    draws: bool = True
    role: Role = "compared"
    tuned: Mapping[str, Range] = {}
    among: tuple[str, ...] = ()

    @property
    def of_variant(self) -> Mapping[str, Any]:
        """The settings that its variant has."""
        return without(self.settings, self.tuned) if self.tuned else self.settings


class Suggestion(_Record):
    """What a search suggested, and the trial that answers it.

    number: from 0, in the order of suggestions.
    key: of the trial; several suggestions that come to the same settings have one.
    params: what was chosen, as Optuna has it.
    """

    number: int
    key: str
    params: Mapping[str, Any]


class StudyRecord(_Record):
    """What study.json holds; what an older run did not record has its default.

    program: what a person types before options to run this study again, "" from Python.
    sweeps: of each, the settings that tell its variants apart.
    settings: what was held.
    claims, answer: as the study had them.
    registered: the claims that were written down before the first trial.
    looks: of each sweep those at its verdicts, in their order; none of an older run.
    judged_later: the commit of the study that took the place of that which the run began with.
    tracking_uri: None where nothing is recorded in MLflow.
    suggested: of a run that searches, all that was suggested, in its order.
    """

    format: int = FORMAT
    study: str
    question: str = ""
    run: str
    created: float | None = None
    metric: str
    mode: Literal["min", "max"] = "max"
    tune_each: str | None = None
    baseline: Mapping[str, Any] | None = None
    claims: tuple[Mapping[str, Any], ...] = ()
    answer: Mapping[str, str] = {}
    variants: Mapping[str, Mapping[str, Any]] = {}
    registered: Registered = Registered()
    looks: Mapping[str, tuple[Look, ...]] = {}
    judged_later: Commit | None = None
    settings: Mapping[str, Any] = {}
    asked: Asked = Asked()
    inputs: Mapping[str, Mapping[str, Any]] = {}
    tracking_uri: str | None = None
    commit: Commit = Commit()
    resumed: tuple[Mapping[str, Any], ...] = ()
    program: str = ""
    command: str = ""
    environment: Mapping[str, Any] = {}
    resources: Mapping[str, float] = {}
    sweeps: Mapping[str, tuple[str, ...]] = {}
    trials: tuple[TrialAsked, ...] = ()
    suggested: tuple[Suggestion, ...] = ()

    @cached_property
    def compared(self) -> Sequence[TrialAsked]:
        """The trials that are compared, and controls."""
        return [trial for trial in self.trials if trial.role == "compared"]

    def of(self, trials: Sequence[TrialAsked]) -> StudyRecord:
        """The same study, asked for other trials.

        A copy by pydantic would keep which trials were compared.
        """
        values = {name: getattr(self, name) for name in StudyRecord.model_fields}
        return StudyRecord.model_construct(**values | {"trials": tuple(trials)})

    @property
    def dataset(self) -> Mapping[str, Any]:
        """What is known of the images: name, fingerprint, counts, ...; {} without any."""
        return self.inputs.get("dataset", {})


@dataclass(frozen=True)
class TrialRecord:
    """One trial of a run, and what it came to.

    settings: those that apply.
    role, tuned, among: see TrialAsked.
    reason: why it failed, else None.
    diverged: whether its numbers left the finite range, which is an outcome of its settings.
    metrics: the last value of each.
    seconds: that it took.
    lines: the metrics of every epoch, and of the test after the last one.
    folder: where its files lie.
    """

    key: str
    seed: int
    sweeps: Sequence[str]
    settings: Mapping[str, Any]
    status: Status
    reason: str | None
    diverged: bool
    epochs: int
    metrics: Mapping[str, float]
    seconds: float
    lines: Sequence[Mapping[str, Any]]
    folder: Readable
    role: Role = "compared"
    tuned: Mapping[str, Range] = field(default_factory=dict)
    among: Sequence[str] = ()

    @property
    def of_variant(self) -> Mapping[str, Any]:
        """The settings that its variant has."""
        return without(self.settings, self.tuned) if self.tuned else self.settings

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.status == "finished"

    @property
    def ended(self) -> bool:
        """Whether its outcome is known: it finished, or diverged."""
        return self.finished or self.diverged

    @cached_property
    def hits(self) -> Hits | None:
        """What it makes of its test images; None where it left nothing."""
        return Hits.load(self.folder)

    @property
    def control(self) -> str:
        """Which check of the pipeline it is, one_batch or shuffled_labels; "" of an own trial."""
        control = str(self.settings.get("control", "none"))
        return "" if control == "none" else control


class Ended(_Record):
    """How a trial ended: what status.json holds.

    ended: seconds since 1970.
    lines, digest: of one that ended for good, how many metrics lines it left and their SHA-256 as
        they stand in metrics.jsonl; None of an older run, where they are not checked.
    """

    status: Literal["finished", "failed", "pruned"]
    reason: str | None = None
    diverged: bool = False
    epochs: int = 0
    ended: float
    lines: int | None = None
    digest: str | None = None

    @property
    def for_good(self) -> bool:
        """Whether it will not be tried again: it finished, was pruned, or diverged, an outcome."""
        return self.status != "failed" or self.diverged


class Tracked(_Record):
    """Where MLflow has the run: what mlflow.json holds.

    runs: trial key to MLflow's run.
    complete: whether it has all that the run folder had when the run last ended.
    """

    experiment_id: str = ""
    parent: str = ""
    runs: Mapping[str, str] = {}
    complete: bool = False
