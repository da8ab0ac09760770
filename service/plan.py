"""Which trials a run consists of, which of them it still lacks, and what study.json records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from runs import trial_folder
from runs.atomic import write_json
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.record import FORMAT, Asked, Registered, Status, StudyRecord, TrialAsked
from service import looks
from service.environment import commit, environment
from service.resources import Resources
from service.study import Study
from service.trial_spec import TrialSpec
from trainables.protocol import Settings


@dataclass(frozen=True)
class Plan:
    """All trials of a run, those to run now, and the folder if there is one already.

    sweeps: those that are selected now, () for all that the run has.
    until: the most seeds, where more are added until the claims are decided; else None.
    program, command: what started the run, see StudyRecord.
    """

    study: Study
    trials: list[TrialSpec]
    todo: list[TrialSpec]
    asked: Asked
    folder: RunFolder | None = None
    sweeps: tuple[str, ...] = ()
    until: int | None = None
    program: str = ""
    command: str = "service.run"

    def booking(self, cpus: float | None, gpus: float | None) -> Plan:
        """The same with what a trial books, where an option says so."""
        before = self.study.resources
        resources = Resources(
            before.cpus if cpus is None else cpus, before.gpus if gpus is None else gpus
        )
        return replace(self, study=self.study.changed(resources=resources))

    @property
    def cases(self) -> list[Settings]:
        """The settings that are to run, each once."""
        return [*dict.fromkeys(spec.settings for spec in self.todo)]

    @property
    def reading(self) -> list[Settings]:
        """Settings that read all that any trial of the run reads."""
        return [*dict.fromkeys(spec.settings for spec in self.trials)]

    @property
    def lacks(self) -> bool:
        """Whether anything is left to run."""
        return bool(self.todo)

    @property
    def expected(self) -> int:
        """How many trials are to run."""
        return len(self.todo)

    @property
    def amount(self) -> str:
        """The same for people."""
        return f"{len(self.todo)} trials"

    def status(self, folder: RunFolder, asked: Collection[str]) -> Status:
        """How it stands that what it lacked has run.

        asked: the keys of what was to run. Sweeps that were not selected may lack a trial.
        """
        return folder.status(asked)

    @property
    def last(self) -> bool:
        """Whether no look may follow its own."""
        return self.until is None or self.asked.seeds >= self.until

    @property
    def selection(self) -> list[TrialSpec]:
        """The trials of the selected sweeps."""
        return [t for t in self.trials if not self.sweeps or set(t.sweeps) & set(self.sweeps)]

    def with_seeds(self, seeds: int) -> Plan:
        """The same with more seeds of the selected sweeps: these are what it lacks."""
        known = {spec.same for spec in self.trials}
        listed = self.study.trials(seeds, self.sweeps or self.asked.only, self.asked.tune)
        more = [spec for spec in listed if spec.same not in known]
        asked = self.asked.model_copy(update={"seeds": seeds})
        return replace(self, trials=[*self.trials, *more], todo=more, asked=asked)

    @property
    def cost_of_tuning(self) -> str:
        """How many trials are for what, a sentence; "" where nothing is tuned."""
        roles = Counter(spec.role for spec in self.todo if spec.tuned)
        if not roles:
            return ""
        drawn = self.asked.tune
        return (
            f"Each tuned variant takes {drawn + 2} trials a seed: {drawn} to find settings, one "
            f"with what is held, one that is compared; {roles['search']} + {roles['default']} + "
            f"{roles['compared']} of {len(self.todo)}."
        )

    @property
    def tracking_uri(self) -> str | None:
        """Where an earlier part of this run was recorded."""
        return self.folder.study.tracking_uri if self.folder else None

    def check_inputs(self, inputs: dict[str, Any]) -> None:
        """Refuse to go on with other data or weights than the run began with."""
        if self.folder is None:
            return
        for name, value in self.folder.study.inputs.items():
            for mark in ("fingerprint", "digest"):
                if mark in value and value[mark] != inputs[name].get(mark):
                    raise UsageError(
                        f"The {name} changed since the run began: {mark} {inputs[name].get(mark)} "
                        f"instead of {value[mark]}."
                    )

    def write(self, folder: RunFolder, inputs: dict[str, Any], uri: str) -> None:
        """Write study.json and every trial's settings.json; from here on trials may write."""
        folder.unpack()
        # Whoever adds seeds to what has ended may have looked at it.
        before = looks.with_looks(folder, folder.study) if self.folder else None
        self._write(folder, self.record(before, inputs, uri, folder.name))

    def extend(self, folder: RunFolder) -> None:
        """Write down the trials that this adds to a run that is under way."""
        before = folder.study
        changed = {"asked": self.asked, "trials": self.listed(before)}
        self._write(folder, before.model_copy(update=changed))

    def listed(self, before: StudyRecord | None) -> tuple[TrialAsked, ...]:
        """The trials as study.json is to have them."""
        now = {spec.key: spec.asked for spec in self.trials}
        listed = {trial.key: _superseded(trial, now) for trial in before.trials} if before else {}
        return tuple({**listed, **now}.values())

    def _write(self, folder: RunFolder, record: StudyRecord) -> None:
        for spec in self.trials:
            trial = folder.trial(spec.key)
            path = trial.place
            path.mkdir(exist_ok=True)
            trial.tidy()
            if not spec.among:  # else its search decides
                write_json(path / trial_folder.SETTINGS, spec.asked.model_dump(mode="json"))
        for spec in self.todo:
            # Else the end of an earlier start would be taken for that of the next one.
            for left in (trial_folder.ENDING, trial_folder.ERROR):
                (folder.trial(spec.key).place / left).unlink(missing_ok=True)
        folder.write_study(record)

    def _has(self, sweep: str, listed: Sequence[TrialAsked]) -> bool:
        """Whether a sweep is part of the run."""
        return any(sweep in trial.sweeps for trial in listed)

    def record(
        self, before: StudyRecord | None, inputs: dict[str, Any], uri: str, name: str
    ) -> StudyRecord:
        """What study.json is to hold; says what differs from how the run began."""
        here, booked = commit(), asdict(self.study.resources)
        if before and before.commit != here:
            state = ", with changes that are not committed" if here.dirty else ""
            print(f"The code is not what the run began with: commit {here.commit}{state}.")
        if before and before.resources != booked:
            print(f"Trials book {booked} now; the run began with {before.resources}, and numbers")
            print("may differ in their last digits.")
        listed = self.listed(before)
        sweeps = {sweep: self.study.varied(sweep) for sweep in self.study.sweeps}
        now: dict[str, Any] = {
            "study": self.study.name,
            "metric": self.study.metric,
            "mode": self.study.mode,
            "settings": self.study.settings.model_dump(mode="json"),
            "asked": self.asked,
            "inputs": inputs,
            "tracking_uri": uri,
            "resources": booked,
            "sweeps": {sweep: names for sweep, names in sweeps.items() if self._has(sweep, listed)},
            "trials": listed,
        }
        if before is not None:
            again = here.model_dump() | environment()
            return StudyRecord(**{**dict(before), **now, "resumed": (*before.resumed, again)})
        return StudyRecord(
            format=FORMAT,
            run=name,
            created=time.time(),
            **self.study.judged_by(),
            **now,
            registered=Registered(
                time=time.time(),
                commit=here,
                claims={claim.id: claim.digest for claim in self.study.claims},
            ),
            commit=here,
            program=self.program,
            command=self.command,
            environment=environment(),
        )


def _superseded(trial: TrialAsked, now: Mapping[str, TrialAsked]) -> TrialAsked:
    """As it is listed from now on: what was compared is not, where more settings were drawn."""
    if not trial.among or trial.key in now:
        return trial
    again = any(
        one.among[: len(trial.among)] == trial.among and one.seed == trial.seed
        for one in now.values()
    )
    return trial.model_copy(update={"role": "superseded"}) if again else trial
