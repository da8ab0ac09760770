"""A variant: one choice of what a sweep varies, a value with a label relative to its sweep."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runs.record import StudyRecord, TrialAsked, TrialRecord


@dataclass(frozen=True, eq=False)
class Variant:
    """One choice of settings, with a trial a seed; the same object wherever it is shown.

    name: what it is called in its run, which no other variant is.
    settings: those that apply, without the seed.
    sweeps: those that it is of; of each, the settings that tell it apart there.
    trials: however they ended.
    """

    name: str
    settings: Mapping[str, Any]
    sweeps: Mapping[str, Sequence[str]]
    trials: Sequence[TrialRecord]

    @property
    def finished(self) -> list[TrialRecord]:
        """The trials that came to their end."""
        return [trial for trial in self.trials if trial.finished]

    def values_of(self, metric: str) -> list[float]:
        """What its finished trials have of a metric, seed by seed; [] of one that none measured."""
        return [trial.metrics[metric] for trial in self.finished if metric in trial.metrics]

    def has(self, settings: Mapping[str, Any]) -> bool:
        """Whether these are among its settings."""
        return all(self.settings.get(name) == value for name, value in settings.items())

    def label(self, sweep: str, without: str | None = None) -> str:
        """What it is called beside the others of a sweep: "alpha=0.01".

        without: a setting that has no part in it, as one that every variant tunes.
        """
        shown = [name for name in self.sweeps[sweep] if name != without]
        return label(self.settings, shown) or (f"its own {without}" if without else sweep)

    def values(self, sweep: str) -> dict[str, Any]:
        """What it has of what a sweep varies."""
        return {n: self.settings[n] for n in self.sweeps[sweep] if n in self.settings}


def label(settings: Mapping[str, Any], shown: Iterable[str]) -> str:
    """Settings for people, those of `shown` that apply: "kernel=rbf scaling=none"."""
    return " ".join(f"{name}={settings[name]}" for name in shown if name in settings)


def distinct(labels: Sequence[tuple[str, str]]) -> list[str]:
    """A name for each (sweep, label): the label, behind its sweep where another one has it, too."""
    called = Counter(text for _, text in labels)
    apart = [text if called[text] == 1 else f"{sweep}: {text}" for sweep, text in labels]
    # What tells two of one sweep apart may be no setting that it varies.
    again, names, before = Counter(apart), [], Counter[str]()
    for text in apart:
        before[text] += 1
        names.append(f"{text} ({before[text]})" if again[text] > 1 else text)
    return names


def differing_values(variants: Sequence[Variant], sweep: str) -> dict[str, list[str]]:
    """The settings that differ among these variants of a sweep, with their values."""
    tried: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.values(sweep).items():
            tried.setdefault(name, {})[str(value)] = None
    return {name: list(values) for name, values in tried.items() if len(values) > 1}


def in_order(variants: Sequence[Variant], sweep: str) -> list[Variant]:
    """By the values that all have of what varies, where these are numbers; else as they are."""
    differing = differing_values(variants, sweep)
    shared = [name for name in differing if all(name in v.settings for v in variants)]
    values = {variant: [variant.settings[name] for name in shared] for variant in variants}
    if not all(isinstance(one, int | float) for own in values.values() for one in own):
        return list(variants)
    # One that another sweep shares comes first otherwise.
    return sorted(variants, key=values.__getitem__)


class Listed(Protocol):
    """A trial, run or not."""

    @property
    def of_variant(self) -> Mapping[str, Any]:
        """The settings that its variant has."""

    @property
    def sweeps(self) -> Sequence[str]:
        """Those that it is of."""


def variant_names(trials: Iterable[Listed], sweeps: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What variants are called, by `identity` of their trials: as in their first sweep.

    sweeps: of each, the settings that tell its variants apart.
    """
    firsts: dict[str, tuple[str, str]] = {}
    for trial in trials:
        sweep = trial.sweeps[0]
        called = label(trial.of_variant, sweeps.get(sweep, ())) or sweep
        firsts.setdefault(identity(trial), (sweep, called))
    return dict(zip(firsts, distinct([*firsts.values()]), strict=True))


def identity(trial: Listed) -> str:
    """What trials of one variant share, as text."""
    return json.dumps(trial.of_variant, sort_keys=True)


def grouped(
    trials: Sequence[TrialRecord],
    sweeps: Mapping[str, Sequence[str]],
    called: Mapping[str, str],
) -> list[Variant]:
    """The variants of a run.

    trials: of all of them, however they ended.
    sweeps: of each, the settings that tell its variants apart.
    called: their names as `variant_names` has them, where it knows them.
    """
    by_settings: dict[str, list[TrialRecord]] = {}
    for trial in trials:
        by_settings.setdefault(identity(trial), []).append(trial)
    own = variant_names(trials, sweeps) | dict(called)
    return [
        Variant(
            own[settings],
            same[0].of_variant,
            {sweep: tuple(sweeps.get(sweep, ())) for trial in same for sweep in trial.sweeps},
            same,
        )
        for settings, same in by_settings.items()
    ]


def trial_names(study: StudyRecord) -> dict[str, str]:
    """Of all trials that a run was asked for, by key, for people: "alpha=0.01 seed=1".

    Of one that is not compared also what it is for: its own values, or that they are those held.
    """
    called = variant_names(study.trials, study.sweeps)
    return {t.key: f"{called[identity(t)]}{_apart(t)} seed={t.seed}" for t in study.trials}


def _apart(trial: TrialAsked) -> str:
    if trial.role == "search":
        return f" {label(trial.settings, trial.tuned)}"
    return "" if trial.role == "compared" else f" {trial.role}"
