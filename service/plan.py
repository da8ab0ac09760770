"""Which trials a run consists of, which of them it still lacks, and what study.json records."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from service.debug import describe
from service.environment import commit, environment
from service.errors import UsageError
from service.options import RunOptions
from service.resources import Resources
from service.run_folder import FORMAT, RunFolder
from service.study import Study
from service.trial_folder import write_json
from service.trial_spec import TrialSpec


@dataclass(frozen=True)
class Plan:
    """All trials of a run, those to run now, and the folder if there is one already."""

    study: Study
    trials: list[TrialSpec]
    todo: list[TrialSpec]
    asked: dict[str, Any]
    folder: RunFolder | None = None

    def booking(self, cpus: float | None, gpus: float | None) -> Plan:
        """The same with what a trial books, where an option says so."""
        before = self.study.resources
        resources = Resources(
            before.cpus if cpus is None else cpus, before.gpus if gpus is None else gpus
        )
        return replace(self, study=replace(self.study, resources=resources))

    @property
    def tracking_uri(self) -> str | None:
        """Where an earlier part of this run was recorded."""
        return self.folder.study["tracking_uri"] if self.folder else None

    def check_inputs(self, inputs: dict[str, Any]) -> None:
        """Refuse to go on with other data or weights than the run began with."""
        if self.folder is None:
            return
        for name, value in self.folder.study["inputs"].items():
            for mark in ("fingerprint", "digest"):
                if mark in value and value[mark] != inputs[name].get(mark):
                    raise UsageError(
                        f"The {name} changed since the run began: {mark} {inputs[name].get(mark)} "
                        f"instead of {value[mark]}."
                    )

    def write(self, folder: RunFolder, inputs: dict[str, Any], uri: str) -> None:
        """Write study.json and every trial's settings.json."""
        before = folder.study if self.folder else None
        here = commit()
        booked = asdict(self.study.resources)
        if before and before["commit"] != here:
            state = ", with changes that are not committed" if here["dirty"] else ""
            print(f"The code is not what the run began with: commit {here['commit']}{state}.")
        if before and before["resources"] != booked:
            print(
                f"Trials book {booked} now; the run began with {before['resources']}, and numbers"
            )
            print("may differ in their last digits.")
        old = {t["key"]: t for t in before["trials"]} if before else {}
        listed = old | {spec.key: describe(spec) for spec in self.trials}
        study = {
            "format": FORMAT,
            "study": self.study.name,
            "question": self.study.question,
            "run": before["run"] if before else folder.name,
            "created": before["created"] if before else time.time(),
            "metric": self.study.metric,
            "mode": self.study.mode,
            **_judged_by(self.study, before),
            "settings": self.study.settings.model_dump(mode="json"),
            "asked": self.asked,
            "inputs": inputs,
            "tracking_uri": uri,
            "commit": before["commit"] if before else here,
            "resumed": [*before["resumed"], here | environment()] if before else [],
            "command": before["command"] if before else _command(),
            "environment": before["environment"] if before else environment(),
            "resources": booked,
            "trials": list(listed.values()),
        }
        for spec in self.trials:
            path = folder.trial(spec.key).path
            path.mkdir(exist_ok=True)
            write_json(path / "settings.json", describe(spec))
        for spec in self.todo:
            for left in ("status.json", "error.txt"):
                (folder.trial(spec.key).path / left).unlink(missing_ok=True)
        write_json(folder.path / "study.json", study)


def _judged_by(study: Study, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a run was to be judged by when it began, whatever the study says by now."""
    own = study.judged_by()
    if before is None:
        return own
    return {name: before[name] for name in (*own, "judged_later") if name in before}


def _command() -> str:
    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    if module is None:
        return "service.run"
    words = (re.sub(r"://[^/@]*@", "://***@", word) for word in sys.argv[1:])  # no passwords
    return " ".join(["python -m", module.name, *words])


def plan_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """A new run."""
    base = study.smaller() if options.smoke else study
    chosen = base.overridden(values, options.only)
    if options.controls:
        chosen = chosen.with_controls()
    seeds = options.seeds or 1
    trials = chosen.trials(seeds, options.only)
    asked = {
        "values": {
            name: [chosen.validated(name, v) for v in given] for name, given in values.items()
        },
        "only": list(options.only),
        "seeds": seeds,
        "smoke": options.smoke,
        "controls": options.controls,
    }
    return Plan(chosen, trials, trials, asked)
