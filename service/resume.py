"""Going on with an earlier run: as it was, perhaps with more seeds or sweeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from runs.errors import UsageError, nearest, sentence
from runs.folder import RunFolder
from runs.record import Asked, Ended, StudyRecord, TrialAsked
from service import more_seeds
from service.options import RunOptions
from service.plan import Plan
from service.resources import Resources
from service.search import asking, tuning
from service.search.recorded import check_same_settings, check_same_space, spec_of
from service.search_plan import SearchPlan
from service.study import CONTROLS, Study
from service.sweeps import HELD
from service.trial_spec import TrialSpec, same
from trainables.protocol import Settings


def resume_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """The plan of --resume and --retry-failed. Raises UsageError if options contradict the run."""
    name = options.retry_failed if options.resume is None else options.resume
    folder = RunFolder.find(name or "", options.output, study.name)
    before = folder.study
    if before.study != study.name:
        raise UsageError(f"{folder.path} is a run of {before.study}, not of {study.name}.")
    base = study.smaller() if before.asked.smoke else study
    # What was held and listed is taken from the run, whatever the study has by now.
    settings = _settings_from(type(base.settings), before.settings, folder)
    seeds, until = more_seeds.number(before, options)
    base = base.changed(settings=settings, resources=Resources(**before.resources))
    if not before.asked.search:
        base = _as_it_was_listed(base, before)
    asked = Asked(
        values=_agreed(base, before, values),
        only=_sweeps(base, before, options.only),
        seeds=seeds,
        max_seeds=before.asked.max_seeds,
        smoke=before.asked.smoke,
        controls=options.controls or before.asked.controls,
        output=before.asked.output,
        tune=_draws(before, options),
        **asking.of_old(before, options),
    )
    chosen = base.overridden(asked.values, asked.only)
    if asked.search:
        return _search(chosen, asked, folder, retry=options.retry_failed is not None)
    if asked.controls:
        chosen = chosen.with_controls(asked.only)
    listed = chosen.trials(asked.seeds, asked.only, asked.tune)
    moved = {name: getattr(chosen.settings, name) for name in values}
    trials = _under_their_keys(listed, before, moved, folder)
    wanted = {*options.only, CONTROLS} if options.controls else {*options.only}
    selected = [t for t in trials if not options.only or set(t.sweeps) & wanted]
    if not isinstance(options.seeds, int):
        selected = more_seeds.as_far_as_asked(selected, before, wanted)
    more_seeds.check_left(selected, folder, options.only)
    todo = _todo(selected, folder, retry=options.retry_failed is not None)
    known = {trial.key for trial in before.trials} | {trial.key for trial in selected}
    trials = [trial for trial in trials if trial.key in known]
    return Plan(chosen, trials, todo, asked, folder, options.only, until)


def _as_it_was_listed(study: Study, before: StudyRecord) -> Study:
    """The study with the variants of a run, and what each of these tuned, in place of its own.

    study: holds what the run held.
    """
    held, tuned = study.settings.model_dump(mode="json"), study.tuned if before.asked.tune else ()
    sweeps: dict[str, list[dict[str, Any]]] = {}
    for trial in before.trials:
        for sweep in (sweep for sweep in trial.sweeps if sweep != CONTROLS):
            space = _space_of(trial, before.sweeps.get(sweep, ()), held, tuned)
            if space not in sweeps.setdefault(sweep, []):
                sweeps[sweep].append(space)
    for sweep, spaces in sweeps.items():
        for name in before.sweeps.get(sweep, ()):
            if all(name in space and space[name] == spaces[0][name] for space in spaces):
                # A single value is no constant of the sweep: the variant is called by it.
                for space in spaces:
                    space[name] = {"grid_search": [space[name]]}
    return study.changed(sweeps={**study.sweeps, **sweeps}, tune=0)


def _space_of(
    trial: TrialAsked, varied: Sequence[str], held: Mapping[str, Any], tuned: Iterable[str]
) -> dict[str, Any]:
    """What a sweep has of one trial's variant: what varies, what is not as it is held, ranges.

    tuned: what the study tunes; of that the variant holds what it did not tune.
    """
    own = trial.of_variant
    space: dict[str, Any] = {name: own[name] for name in varied if name in own}
    space |= {name: value for name, value in own.items() if held.get(name) != value}
    space |= {name: HELD for name in tuned if name in own and name not in space}
    return space | dict(trial.tuned)


def _search(study: Study, asked: Asked, folder: RunFolder, retry: bool) -> Plan:
    """The plan of a search: what it listed is known, what it lists next is not."""
    before = folder.study
    study = asking.ready(study, asked.only, asked.scheduler)
    check_same_space(study, before)
    trials = [spec_of(trial, study, folder) for trial in before.trials]
    todo = _todo([spec for spec in trials if spec.role != "superseded"], folder, retry)
    searched = [spec for spec in trials if spec.role == "search"]
    if len(searched) < (asked.trials or 0) or any(spec.role == "search" for spec in todo):
        check_same_settings(study, before)
        # What is best may be another one by then: what was, is compared no longer.
        trials = [replace(t, role="superseded") if t.role == "compared" else t for t in trials]
        todo = [spec for spec in todo if spec.role == "search"]
    return SearchPlan(study, trials, todo, asked, folder)


def _draws(before: StudyRecord, options: RunOptions) -> int:
    """How many settings every variant is tuned over from now on; fewer contradict the run."""
    had, wanted = before.asked.tune, options.tune
    if wanted is None or wanted == had:
        return had
    if not had:
        raise UsageError("--tune contradicts the run, which tunes nothing; start a new run for it.")
    if wanted < had:
        raise UsageError(f"The run has drawn {had} settings already; got --tune {wanted}.")
    return wanted


def _settings_from(kind: type[Settings], values: Mapping[str, Any], folder: RunFolder) -> Settings:
    """Settings that a run recorded; one that is newer than the record has its default."""
    gone = [name for name in values if name not in kind.model_fields]
    if gone:
        raise UsageError(
            f"{folder.path} was run with {gone[0]}={values[gone[0]]}, a setting that this version "
            f"does not have{nearest(gone[0], kind.model_fields)}"
        )
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise sentence(error, kind.model_fields) from None


def _under_their_keys(
    trials: list[TrialSpec], before: StudyRecord, moved: Mapping[str, Any], folder: RunFolder
) -> list[TrialSpec]:
    """The trials, of which those that the run has keep the keys that they have there.

    They are found by what was recorded of them and not by their keys, which another setting that
    the trainable has by now would change.

    moved: what is held and was given again, which agrees.
    """
    known: dict[str, str] = {}
    for trial in before.trials:
        varied = {name for sweep in trial.sweeps for name in before.sweeps.get(sweep, ())}
        places = {n: v for n, v in moved.items() if n in trial.settings and n not in varied}
        kept = _settings_from(type(trials[0].settings), {**trial.settings, **places}, folder)
        known[same(kept, trial.seed, trial.role, trial.tuned, trial.among)] = trial.key
    keys = {trial.key: known.get(trial.same, trial.key) for trial in trials if not trial.among}
    # What is trained with the best of others is found by theirs.
    trials = [replace(t, among=tuple(keys.get(key, key) for key in t.among)) for t in trials]
    return [replace(t, key=known.get(t.same, t.key)) for t in trials]


def _agreed(
    base: Study, before: StudyRecord, values: Mapping[str, Sequence[Any]]
) -> dict[str, Sequence[Any]]:
    """The values that the run was asked for, with where things lie as it is said now.

    Another place of the same data or weights does not contradict.
    """
    agreed: dict[str, Sequence[Any]] = dict(before.asked.values)
    for name, given in values.items():
        new = [base.validated(name, value) for value in given]
        if base.settings.is_identity(name):
            old = _had(base, before, name)
            marks = {json.dumps(_mark(base, name, value)) for value in new}
            if marks != _marks_of(base, before, name, old):
                raise UsageError(
                    f"--{name.replace('_', '-')} {' '.join(map(str, new))} contradicts the run, "
                    f"which has {' '.join(map(str, old))}; start a new run for that."
                )
        agreed[name] = new
    return agreed


def _mark(base: Study, name: str, value: Any) -> Any:
    """What of a value decides the numbers: of weights, what is in the file."""
    return base.settings.changed(**{name: value}).identity().get(name, value)


def _marks_of(base: Study, before: StudyRecord, name: str, old: Sequence[Any]) -> set[str]:
    recorded = before.inputs.get(name, {}).get("digest")
    if recorded is not None and len(old) == 1:  # its file may be gone
        return {json.dumps(recorded)}
    return {json.dumps(_mark(base, name, value)) for value in old}


def _had(base: Study, before: StudyRecord, name: str) -> list[Any]:
    """The values of a setting in the run."""
    sweeps = [sweep for sweep, varied in before.sweeps.items() if name in varied]
    tried = [
        trial.settings[name]
        for trial in before.trials
        if name in trial.settings and set(trial.sweeps) & set(sweeps)
    ]
    held = base.settings.model_dump(mode="json")[name]
    return tried or [before.settings.get(name, held)]


def _sweeps(study: Study, before: StudyRecord, more: Sequence[str]) -> tuple[str, ...]:
    """The sweeps that the run has, and more; () for all: one that is newer waits to be named."""
    study.check_sweeps(more)
    had = before.asked.only or [sweep for sweep in before.sweeps if sweep != CONTROLS]
    both = dict.fromkeys([*had, *more])
    return () if not before.asked.only and both.keys() >= study.sweeps.keys() else tuple(both)


def _todo(trials: list[TrialSpec], folder: RunFolder, retry: bool) -> list[TrialSpec]:
    """The trials that have not ended; with `retry`, those that failed and may end otherwise.

    A draw stays as it is once its variant has been trained with the best of the others.

    Says of which ones a file is damaged, and where they go on.
    """
    ended: dict[str, Ended | None] = {}
    for spec in trials:
        found = folder.trial(spec.key).contents(thorough=True)
        ended[spec.key] = found.ending
        if found.damage:
            print(f"{spec.name}: {'; '.join(found.damage)}; {found.going_on_from}.")
    failed = [spec for spec in trials if (end := ended[spec.key]) and end.status == "failed"]
    again = [spec for spec in failed if (end := ended[spec.key]) and not end.diverged]
    if retry:
        if len(again) < len(failed):
            print(
                f"{len(failed) - len(again)} diverged, which is an outcome, and do not run again."
            )
        used = {key for spec in trials if tuning.found(spec, folder) for key in spec.among}
        return [spec for spec in again if spec.key not in used]
    if again:
        print(f"{len(again)} trials failed; --retry-failed runs them again.")
    return [spec for spec in trials if not ended[spec.key]]
