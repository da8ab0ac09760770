"""What a variant's draws came to in one block, and the trial that is trained with the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import ValidationError

from claims.best import best_of, value_of
from runs import trial_folder
from runs.atomic import write_json
from runs.errors import sentence
from runs.folder import RunFolder
from runs.record import TrialRecord
from runs.trial_folder import TrialFolder
from service.trial_spec import TrialSpec


def best(
    draws: Sequence[TrialRecord], metric: str, mode: Literal["min", "max"]
) -> TrialRecord | None:
    """The draw with the best last value of a metric, the first of equals; None if none finished."""
    place = best_of([value_of(draw, metric) for draw in draws], mode)
    return None if place is None else draws[place]


def found(spec: TrialSpec, folder: RunFolder) -> TrialSpec | None:
    """A trial with the settings that are written down of what its search found: they stay.

    None of one that has no search, or whose search goes on.
    """
    asked = TrialFolder(folder.trial(spec.key).path, spec.asked).asked
    whole = bool(spec.among) and spec.tuned.keys() <= asked.settings.keys()
    return _with(spec, asked.settings) if whole else None


def resolve(
    spec: TrialSpec, folder: RunFolder, metric: str, mode: Literal["min", "max"]
) -> TrialSpec | None:
    """A trial with the settings that its search found, written down.

    spec: one all of whose draws have ended.
    metric, mode: what they are chosen by.

    Returns None where none of them finished, and records that the trial has ended: as diverged if
    all of them did, as failed otherwise.
    """
    if (known := found(spec, folder)) is not None:
        return known
    draws = [folder.trial(key).record() for key in spec.among]
    chosen, files = best(draws, metric, mode), folder.trial(spec.key)
    if chosen is None:
        diverged = all(one.diverged for one in draws)
        what = "diverged" if diverged else "failed"
        files.end(
            "failed", f"{what}: none of the {len(draws)} settings drawn for it finished", diverged
        )
        return None
    whole = _with(spec, chosen.settings)
    asked = whole.asked_with_all.model_dump(mode="json")
    write_json(files.place / trial_folder.SETTINGS, asked, lasting=True)
    return whole


def _with(spec: TrialSpec, settings: Mapping[str, Any]) -> TrialSpec:
    values = {name: settings[name] for name in spec.tuned}
    try:
        return replace(spec, settings=spec.settings.changed(**values))
    except ValidationError as error:
        raise sentence(error, type(spec.settings).model_fields) from None
