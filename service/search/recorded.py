"""The trials that a search listed, read off its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from runs import trial_folder
from runs.errors import UsageError, sentence
from runs.folder import RunFolder
from runs.ranges import Range, without
from runs.record import StudyRecord, TrialAsked
from runs.trial_folder import read_json
from runs.variants import label
from service.search.space import Space
from service.study import Study
from service.sweeps import spaces
from service.trial_spec import TrialSpec


def check_same_space(study: Study, record: StudyRecord) -> None:
    """Raises UsageError if what was suggested is no point of the study's space by now."""
    space = Space(study, record.asked.only)
    for one in record.suggested:
        try:
            same = space.choose(partial(_given, one.params)).params == one.params
        except (KeyError, ValueError):
            same = False
        if not same:
            raise UsageError(
                "The run searched another space than the study has by now; start a new run."
            )


def check_same_settings(study: Study, record: StudyRecord) -> None:
    """Raises UsageError if what was suggested stands for other settings by now.

    So it is where a sweep holds another value than it did: what was learnt there tells nothing of
    what would be suggested next.
    """
    space = Space(study, record.asked.only)
    recorded = {trial.key: trial.settings for trial in record.trials}
    for one in record.suggested:
        now = space.choose(partial(_given, one.params)).settings
        had = recorded.get(one.key, {})
        places = {name for name in had if name in now.inputs or not now.is_identity(name)}
        values = now.canonical()
        if any(values.get(name) != had[name] for name in had.keys() - places):
            raise UsageError(
                "The run searched another space than the study has by now; start a new run."
            )


def _given(params: Mapping[str, Any], name: str, values: Range) -> Any:
    """A choice as it was made. Raises KeyError if it was not, and ValueError if it may not be."""
    if not values.has(params[name]):
        raise ValueError(f"{name} may not be {params[name]}")
    return params[name]


def spec_of(asked: TrialAsked, study: Study, folder: RunFolder) -> TrialSpec:
    """A trial as it was recorded, with things where they lie by now.

    Raises UsageError if the study has not such a setting or value.
    """
    values = dict(asked.settings)
    if asked.among:
        values |= read_json(folder.trial(asked.key).path / trial_folder.SETTINGS)["settings"]
    varied = {
        n for s in asked.sweeps if s in study.sweeps for p in spaces(study.sweeps[s]) for n in p
    }
    kept = {
        name: value
        for name, value in values.items()
        if study.settings.is_identity(name) and (name in varied or name not in study.fixed)
    }
    try:
        settings = study.settings.changed(**kept)
    except ValidationError as error:
        raise sentence(error, study.setting_names) from None
    first = asked.sweeps[0]
    shown = study.varied(first) if first in study.sweeps else ()
    return TrialSpec(
        asked.key,
        asked.sweeps,
        settings,
        asked.seed,
        label(without(settings.canonical(), asked.tuned), shown) or first,
        asked.may_diverge,
        role=asked.role,
        tuned=asked.tuned,
        among=asked.among,
        draws=asked.draws,
    )
