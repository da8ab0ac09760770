"""Going on with an earlier run: as it was, perhaps with more seeds or sweeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from service.errors import UsageError, sentence
from service.options import RunOptions
from service.plan import Plan
from service.resources import Resources
from service.run_folder import RunFolder
from service.study import CONTROLS, Study
from service.trial_spec import TrialSpec


def resume_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """The plan of --resume and --retry-failed; UsageError for a contradiction."""
    name = options.retry_failed if options.resume is None else options.resume
    folder = RunFolder.find(name or "", options.output, study.name)
    before = folder.study
    if before["study"] != study.name:
        raise UsageError(f"{folder.path} is a run of {before['study']}, not of {study.name}.")
    base = study.smaller() if before["asked"]["smoke"] else study
    try:
        # What was held is taken from the run, whatever the defaults are by now.
        settings = base.settings.changed(**before["settings"])
    except ValidationError as error:
        raise sentence(error, study.setting_names) from None
    base = replace(base, settings=settings, resources=Resources(**before["resources"]))
    asked = {
        "values": _agreed(base, before, values),
        "only": _sweeps(base, before["asked"]["only"], options.only),
        "seeds": _seeds(before["asked"]["seeds"], options.seeds),
        "smoke": before["asked"]["smoke"],
        "controls": options.controls or before["asked"].get("controls", False),
    }
    chosen = base.overridden(asked["values"], asked["only"])
    if asked["controls"]:
        chosen = chosen.with_controls()
    trials = chosen.trials(asked["seeds"], asked["only"])
    wanted = {*options.only, CONTROLS} if options.controls else {*options.only}
    selected = [t for t in trials if not options.only or set(t.sweeps) & wanted]
    todo = _todo(selected, folder, retry=options.retry_failed is not None)
    return Plan(chosen, trials, todo, asked, folder)


def _agreed(
    base: Study, before: dict[str, Any], values: Mapping[str, Sequence[Any]]
) -> dict[str, list[Any]]:
    """The values that the run was asked for, with where things lie as it is said now."""
    agreed: dict[str, list[Any]] = dict(before["asked"]["values"])
    for name, given in values.items():
        if name not in base.setting_names or not base.settings.is_identity(name):
            agreed[name] = list(given)
            continue
        new, old = [base.validated(name, value) for value in given], _had(before, name)
        if {json.dumps(value) for value in new} != {json.dumps(value) for value in old}:
            raise UsageError(
                f"--{name.replace('_', '-')} {' '.join(map(str, new))} contradicts the run, "
                f"which has {' '.join(map(str, old))}; start a new run for that."
            )
    return agreed


def _had(before: dict[str, Any], name: str) -> list[Any]:
    """The values of a setting in the run."""
    varied = [t["settings"][name] for t in before["trials"] if name in t["varied"]]
    return varied or [before["settings"][name]]


def _sweeps(study: Study, before: Sequence[str], more: Sequence[str]) -> list[str]:
    study.check_sweeps(more)
    return list(dict.fromkeys([*before, *more])) if before else []


def _seeds(before: int, asked: int | None) -> int:
    if asked is not None and asked < before:
        raise UsageError(f"The run has {before} seeds already; got --seeds {asked}.")
    return asked or before


def _todo(trials: list[TrialSpec], folder: RunFolder, retry: bool) -> list[TrialSpec]:
    """The trials that have not ended; with `retry`, those that failed and may end otherwise."""
    ended = {spec.key: folder.trial(spec.key).status or {} for spec in trials}
    failed = [spec for spec in trials if ended[spec.key].get("status") == "failed"]
    again = [spec for spec in failed if not ended[spec.key]["diverged"]]
    if retry:
        if len(again) < len(failed):
            print(
                f"{len(failed) - len(again)} diverged, which is an outcome, and do not run again."
            )
        return again
    if again:
        print(f"{len(again)} trials failed; --retry-failed runs them again.")
    return [spec for spec in trials if not ended[spec.key]]
