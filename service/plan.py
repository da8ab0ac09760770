"""Which trials a run consists of, which of them it still lacks, and what study.json records."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.debug import describe
from service.environment import commit, environment
from service.errors import UsageError
from service.options import RunOptions
from service.run_folder import FORMAT, RunFolder, write_json
from service.study import Study, TrialSpec


@dataclass(frozen=True)
class Plan:
    """All trials of a run, those to run now, and the folder if there is one already."""

    study: Study
    trials: list[TrialSpec]
    todo: list[TrialSpec]
    asked: dict[str, Any]
    folder: RunFolder | None = None

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
        if before and before["commit"] != here:
            print(f"The code is another commit than the run began with: {here['commit']}.")
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
            "settings": self.study.settings.model_dump(mode="json"),
            "asked": self.asked,
            "inputs": inputs,
            "tracking_uri": uri,
            "commit": before["commit"] if before else here,
            "resumed": [*before["resumed"], here] if before else [],
            "command": before["command"] if before else _command(),
            "environment": environment(),
            "trials": list(listed.values()),
        }
        for spec in self.trials:
            path = folder.trial(spec.key).path
            path.mkdir(exist_ok=True)
            write_json(path / "settings.json", describe(spec))
        for spec in self.todo:
            (folder.trial(spec.key).path / "status.json").unlink(missing_ok=True)
        write_json(folder.path / "study.json", study)


def _command() -> str:
    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    return " ".join(["python -m", module.name, *sys.argv[1:]]) if module else "service.run"


def plan_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """A new run."""
    base = study.smaller() if options.smoke else study
    chosen = base.overridden(values, options.only)
    seeds = options.seeds or 1
    trials = chosen.trials(seeds, options.only)
    asked = {
        "values": {k: list(v) for k, v in values.items()},
        "only": list(options.only),
        "seeds": seeds,
        "smoke": options.smoke,
    }
    return Plan(chosen, trials, trials, asked)


def resume_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """An earlier run, perhaps with more seeds or sweeps; UsageError for a contradiction."""
    name = options.retry_failed if options.resume is None else options.resume
    folder = RunFolder.find(name or "", options.output, study.name)
    before = folder.study
    if before["study"] != study.name:
        raise UsageError(f"{folder.path} is a run of {before['study']}, not of {study.name}.")
    asked = dict(before["asked"])
    for key, given in values.items():
        if key in study.setting_names and not study.settings.is_identity(key):
            asked["values"] = {**asked["values"], key: list(given)}  # where things lie may change
            continue
        text = [str(v) for v in asked["values"].get(key, [before["settings"][key]])]
        if [str(v) for v in given] != text:
            raise UsageError(
                f"--{key.replace('_', '-')} {' '.join(map(str, given))} contradicts the run, "
                f"which has {' '.join(text)}; start a new run for that."
            )
    if options.seeds is not None and options.seeds < asked["seeds"]:
        raise UsageError(
            f"The run has {asked['seeds']} seeds already; got --seeds {options.seeds}."
        )
    asked["seeds"] = max(asked["seeds"], options.seeds or 0)
    if options.only:
        study.check_sweeps(options.only)
        asked["only"] = (
            list(dict.fromkeys([*asked["only"], *options.only])) if asked["only"] else []
        )
    base = study.smaller() if asked["smoke"] else study
    # What was held is taken from the run, whatever the defaults are by now.
    held = {k: [v] for k, v in before["settings"].items() if k not in asked["values"]}
    fixed = base.settings.changed(**{k: v[0] for k, v in held.items()})
    base = Study(**{**vars(base), "settings": fixed})
    chosen = base.overridden(asked["values"], asked["only"])
    trials = chosen.trials(asked["seeds"], asked["only"])
    ended = {spec.key: folder.trial(spec.key).status or {} for spec in trials}
    if options.retry_failed is not None:
        failed = [s for s in trials if ended[s.key].get("status") == "failed"]
        todo = [s for s in failed if not ended[s.key]["diverged"]]
        if len(todo) < len(failed):
            print(f"{len(failed) - len(todo)} diverged, which is an outcome, and do not run again.")
    else:
        todo = [s for s in trials if not ended[s.key]]
    return Plan(chosen, trials, todo, asked, folder)
