"""Which trials a run consists of, which of them it still lacks, and what study.json records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from claims.evidence import SEEDS
from claims.looks import planned
from runs import trial_folder
from runs.atomic import write_json
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.record import FORMAT, Asked, Registered, StudyRecord, TrialAsked
from service import looks
from service.environment import commit, environment
from service.options import MAX_SEEDS, SMOKE_DRAWS, UNTIL_DECIDED, RunOptions
from service.resources import Resources
from service.search import asking
from service.search.space import Space
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
        """The settings that are to run, each once; of a search those of every variant."""
        if self.asked.search:
            return Space(self.study, self.asked.only).cases
        return [*dict.fromkeys(spec.settings for spec in self.todo)]

    @property
    def lacks(self) -> bool:
        """Whether anything is left to run."""
        if self.todo or not self.asked.search or self.folder is None:
            return bool(self.todo or self.asked.search)
        before = self.folder.study
        changed = {"asked": self.asked, "trials": self._listed(before)}
        return self.folder.searching(before.model_copy(update=changed))

    @property
    def left(self) -> tuple[int, int]:
        """Of a search, how many settings it has yet to try, and how often to train the best."""
        ended = {"search": 0, "compared": 0}
        for spec in self.trials:
            if spec.role in ended and self.folder:
                ended[spec.role] += self.folder.trial(spec.key).ending is not None
        tried = (self.asked.trials or 0) - ended["search"]
        return max(0, tried), max(0, self.asked.seeds - ended["compared"])

    @property
    def expected(self) -> int:
        """How many trials are to run, those that a search has yet to list among them."""
        return max(1, sum(self.left)) if self.asked.search else len(self.todo)

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
        changed = {"asked": self.asked, "trials": self._listed(before)}
        self._write(folder, before.model_copy(update=changed))

    def _listed(self, before: StudyRecord | None) -> tuple[TrialAsked, ...]:
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

    def _searches(self, sweep: str) -> bool:
        return not self.asked.only or sweep in self.asked.only

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
        listed = self._listed(before)
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
            "sweeps": {
                sweep: names
                for sweep, names in sweeps.items()
                if (self._searches(sweep) if self.asked.search else _ran(sweep, listed))
            },
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


def _ran(sweep: str, listed: Sequence[TrialAsked]) -> bool:
    return any(sweep in trial.sweeps for trial in listed)


def plan_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """A new run."""
    search = asking.of_new(options)
    base = study.smaller() if options.smoke else study
    chosen = base.overridden(values, options.only)
    if options.controls:
        chosen = chosen.with_controls()
    seeds, until = _seeds(options)
    if search:
        chosen = asking.ready(chosen, options.only, search["scheduler"])
    tune = 0 if search else _draws(base, options)
    trials = [] if search else chosen.trials(seeds, options.only, tune)
    if not any(spec.tuned for spec in trials):
        if options.tune:
            raise UsageError(_nothing_to_tune(base, chosen))
        tune = 0
    asked = Asked(
        values={name: [chosen.validated(name, v) for v in given] for name, given in values.items()},
        only=options.only,
        seeds=seeds,
        max_seeds=until,
        smoke=options.smoke,
        controls=options.controls,
        output=str(options.output),
        tune=tune,
        **search,
    )
    return Plan(chosen, trials, trials, asked, sweeps=options.only, until=until)


def _draws(study: Study, options: RunOptions) -> int:
    """How many settings every variant of a new run is tuned over; 0: none is tuned."""
    if options.tune is not None:
        return options.tune
    return min(study.tune, SMOKE_DRAWS) if options.smoke else study.tune


def _nothing_to_tune(before: Study, study: Study) -> str:
    fixed = [name for name in before.tuned_names if name in study.fixed]
    if not before.tuned_names:
        return f"--tune has nothing to tune: study {study.name} declares no ranges."
    why = "no selected variant has a setting with a range of its own"
    if fixed:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in fixed)
        why = f"{options} fixed what there was"
    return f"--tune has nothing to tune: {why}."


def _seeds(options: RunOptions) -> tuple[int, int | None]:
    """Of a new run: how many, and the most where more may be added."""
    if options.seeds == UNTIL_DECIDED:
        most = options.max_seeds or MAX_SEEDS
        return planned(most)[0], most
    if options.max_seeds is not None:
        raise UsageError("--max-seeds is what --seeds until-decided goes to; give both.")
    return options.seeds or (1 if options.smoke or options.debug else SEEDS), None
