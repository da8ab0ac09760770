"""A study as a finite, checked value: `STUDY.trials(seeds=3)` lists all trials before any runs."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from claims import Claim
from runs.errors import UsageError, nearest, sentence
from runs.ranges import Range
from service import listing, study_checks
from service.distributions import range_of
from service.paragraphs import paragraphs_of
from service.resources import Resources
from service.sweeps import Sweep, choices, drawn, ends, has, listed, replaced, spaces, varied
from service.trial_spec import TrialSpec
from trainables.protocol import Settings, Trainable

CONTROLS = "controls"  # the sweep that --controls adds


@dataclass(frozen=True)
class Study:
    """One question: what is held, what varies, and what decides.

    name: short, as a folder's.
    question: a sentence; {dataset} in it is what the run has for that setting.
    trainable: a generator function of settings and trial that yields an Epoch after every epoch.
    settings: what is held.
    sweeps: what varies: of each, settings to a constant or to `tune.grid_search([...])`, whose
        variants are their product; a list of such maps is one sweep, too, the variants of all.
    metric: what is chosen by; val/x is compared on test/x.
    mode: "max" or "min", which is best.
    resources: what a trial books.
    claims: what every run is judged by.
    variants: what variants are called in the answer, {"center": {"loss": "center"}}: of each the
        settings that no other variant of a sweep has.
    answer: in words what came out, a paragraph a sweep (`reports.answer_template`): by sweep, or
        the file that has them (`service.paragraphs`); without any, the differences are told.
    smoke: the small defaults of --smoke that are particular to this study; of a list, a grid of
        the setting gets all and its default is the last.
    may_diverge: settings with which a trial that diverges is an outcome, no failure of the run:
        ({"alpha": 1.0},).
    tuned: what must not decide a comparison, with the range that every variant gets its own value
        from where a run is tuned (`--tune N`) or searched: {"lr": tune.loguniform(1e-4, 1)}. A
        sweep may draw a setting from a range of its own, or hold it with HELD.
    tune: how many settings every variant is tuned over with each seed if nothing else is said; 0:
        variants have what is held.
    baseline: the settings of the one variant that all others are compared with; {} for the first.

    Raises UsageError, one sentence, if it makes no sense (`service.study_checks`).
    """

    name: str
    question: str
    trainable: Trainable
    settings: Settings
    sweeps: Mapping[str, Sweep]
    metric: str
    mode: Literal["min", "max"] = "max"
    resources: Resources = field(default_factory=Resources)
    claims: Sequence[Claim] = ()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answer: Mapping[str, str] | Path = field(default_factory=dict)
    smoke: Mapping[str, Any] = field(default_factory=dict)
    may_diverge: Sequence[Mapping[str, Any]] = ()
    tuned: Mapping[str, Any] = field(default_factory=dict)
    tune: int = 0
    baseline: Mapping[str, Any] = field(default_factory=dict)
    paragraphs: Mapping[str, str] = field(init=False)  # of the answer, by sweep
    fixed: frozenset[str] = field(init=False, default=frozenset())  # settings that options hold

    def __post_init__(self) -> None:
        object.__setattr__(self, "paragraphs", paragraphs_of(self.answer))
        study_checks.check_values(self)
        study_checks.check_words(self)

    def changed(self, **values: Any) -> Study:
        """A checked copy with other values.

        What it says in words, claims and baseline too, was checked where it was declared: options
        may leave these without their variants.
        """
        other = copy.copy(self)
        vars(other).update(values)
        study_checks.check_values(other)
        return other

    @property
    def setting_names(self) -> list[str]:
        """All settings of the trainable."""
        return list(type(self.settings).model_fields)

    def varied(self, sweep: str) -> tuple[str, ...]:
        """The settings with several values in a sweep (with one value each: those in a grid)."""
        return varied(self.sweeps[sweep])

    def choices(self, sweep: str) -> list[Settings]:
        """The settings of every variant of a sweep."""
        return [settings for settings, _ in self.tunable(sweep)]

    def tunable(self, sweep: str) -> list[tuple[Settings, dict[str, Range]]]:
        """The settings of every variant of a sweep, and the ranges of those that may be tuned.

        A sweep tunes nothing that it sets or holds, and nothing that an option has fixed; what it
        draws has its own range. Controls are as they are.
        """
        common = {name: range_of(value, f"{name} is tuned") for name, value in self.tuned.items()}
        found = []
        try:
            for choice in choices(self.sweeps[sweep]):
                settings = self.settings.changed(**choice.values)
                ranges = {**common, **choice.ranges} if sweep != CONTROLS else {}
                own = {
                    name: one
                    for name, one in ranges.items()
                    if name not in {*choice.values, *choice.held, *self.fixed}
                    if settings.applies(name)
                }
                found.append((settings, own))
        except ValidationError as error:
            raise sentence(error, self.setting_names) from None
        return found

    @property
    def tuned_names(self) -> list[str]:
        """All settings that are drawn anywhere, in the order in which they are written."""
        own = (n for s in self.sweeps.values() for space in spaces(s) for n in drawn(space))
        return list(dict.fromkeys([*self.tuned, *own]))

    def validated(self, name: str, value: Any) -> Any:
        """A value as JSON holds it ("3" typed in a shell is 3); raises UsageError for a bad one."""
        try:
            return self.settings.changed(**{name: value}).model_dump(mode="json")[name]
        except ValidationError as error:
            raise sentence(error, self.setting_names) from None

    def expects_divergence(self, settings: Settings) -> bool:
        """Whether `may_diverge` names these settings."""
        if not self.may_diverge:
            return False
        canonical = settings.canonical()
        return any(has(canonical, case) for case in self.may_diverge)

    def trials(self, seeds: int = 1, only: Sequence[str] = (), tune: int = 0) -> list[TrialSpec]:
        """Every trial, seed by seed so that an interrupted run is balanced; none twice.

        What draws nothing has one, of seed 0, however many seeds there are.

        tune: how many settings every variant is tuned over with each seed, 0 for none.
        """
        if seeds < 1:
            raise UsageError(f"seeds must be at least 1; got {seeds}.")
        self.check_sweeps(only)
        sweeps = [name for name in self.sweeps if not only or name in (*only, CONTROLS)]
        return [*listing.trials(self, sweeps, seeds, tune)]

    def check_sweeps(self, only: Sequence[str]) -> None:
        """Refuse the name of a sweep that there is not."""
        for name in only:
            if name not in self.sweeps:
                raise UsageError(
                    f"Study {self.name} has no sweep {name!r}{nearest(name, self.sweeps)}"
                )

    def asks(self, held: Mapping[str, Any] | None = None) -> str:
        """The question, filled in.

        held: the settings of a run; those that it does not say are the study's.
        """
        settings = self.settings.model_dump(mode="json")
        return self.question.format(**settings | dict(held or {}))

    def judged_by(self, held: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a run is asked, and judged by, ready for JSON.

        held: as in `asks`.
        """
        return {
            "question": self.asks(held),
            "baseline": dict(self.baseline),
            "claims": [claim.model_dump(mode="json") for claim in self.claims],
            "variants": {name: dict(chosen) for name, chosen in self.variants.items()},
            "answer": dict(self.paragraphs),
        }

    def smaller(self) -> Study:
        """The study with the small defaults of --smoke, and the ends of each sweep."""
        small = {"dataset": "digits", "classes": "all", "weights": "none", "epochs": 1}
        small |= self.smoke
        lists = {name: value for name, value in small.items() if isinstance(value, list)}
        small |= {name: values[-1] for name, values in lists.items()}
        known = {k: v for k, v in small.items() if k in self.setting_names}
        sweeps = {name: replaced(ends(sweep), lists) for name, sweep in self.sweeps.items()}
        # So small, nothing is answered.
        return self.changed(
            settings=self.settings.changed(**known), sweeps=sweeps, answer={}, paragraphs={}
        )

    def with_controls(self, only: Sequence[str] = ()) -> Study:
        """The study with the audit's two controls of its baseline, or of its first variant.

        only: the sweeps that are selected, () for all: controls stand beside a trial that runs.

        Raises UsageError if the trainable has no setting `control`.
        """
        if "control" not in self.setting_names:
            raise UsageError(f"Study {self.name} has no controls: no setting is called control.")
        variants = [spec.settings for spec in self.trials(only=only)]
        every = [listed(space) for sweep in self.sweeps.values() for space in spaces(sweep)]
        names = dict.fromkeys(name for space in every for name in space)
        own = (v for v in variants if has(v.canonical(), self.baseline))
        base = next(own, variants[0]).canonical()
        held = {name: base[name] for name in names if name in base}
        both = {"control": {"grid_search": ["one_batch", "shuffled_labels"]}}
        return self.changed(sweeps={**self.sweeps, CONTROLS: held | both})

    def overridden(self, values: Mapping[str, Sequence[Any]], only: Sequence[str] = ()) -> Study:
        """The study with options in place: a varied setting gets other values, another is held.

        Raises UsageError if a value is out of range, if there are several of a setting that no
        selected sweep varies, and if an option is one that no selected variant uses.
        """
        self.check_sweeps(only)
        selected = {k: v for k, v in self.sweeps.items() if not only or k in only}
        for name in values:
            if name not in self.setting_names:
                raise UsageError(f"There is no setting {name!r}{nearest(name, self.setting_names)}")
        several = {name for sweep in selected for name in self.varied(sweep)}
        held = {}
        for name, given in values.items():
            if name not in several and len(given) != 1:
                raise UsageError(
                    f"{name} takes one value, because no selected sweep varies it; "
                    f"got {len(given)}."
                )
            if len(given) == 1:
                held[name] = given[0]
        try:
            settings = self.settings.changed(**held)
        except ValidationError as error:
            raise sentence(error, self.setting_names) from None
        study = self.changed(settings=settings, fixed=self.fixed | values.keys())
        typed = {name: [study.validated(name, v) for v in given] for name, given in values.items()}
        sweeps = {name: replaced(sweep, typed) for name, sweep in self.sweeps.items()}
        study = study.changed(sweeps=sweeps)
        trials = study.trials(only=only)
        for name, wanted in typed.items():
            applied = [t for t in trials if t.settings.applies(name)]
            used = {json.dumps(t.settings.model_dump(mode="json", include={name})) for t in applied}
            idle = [value for value in wanted if json.dumps({name: value}) not in used]
            option = f"--{name.replace('_', '-')}"
            if len(idle) == len(wanted):
                raise UsageError(f"{option} changes nothing: no selected variant uses it.")
            if idle:
                raise UsageError(f"{option} {idle[0]} changes nothing: no selected variant has it.")
        return study
