"""A study as a finite, checked value: `STUDY.trials(seeds=3)` lists all trials before any runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import ValidationError

from claims import Claim
from runs.errors import UsageError, nearest, sentence
from runs.variants import distinct, label
from service.resources import Resources
from service.sweeps import Sweep, choices, ends, is_grid, replaced, spaces, varied
from service.trial_spec import TrialSpec
from trainables.protocol import Settings, Trainable

CONTROLS = "controls"  # the sweep that --controls adds


@dataclass(frozen=True)
class Study:
    """One question: what is held (`settings`), what varies (`sweeps`), what decides (`metric`).

    A sweep maps settings to a constant or to `tune.grid_search([...])`; its variants are their
    product. A list of such maps is one sweep, too: the variants of all.

    `tune_each` names a setting of which every variant is shown at its own best value (best mean
    over seeds of `metric`), since a comparison at one value for all says more of that value than of
    the variants; how sensitive each is, is drawn. `baseline` names the settings of the one variant
    that all others are compared with; without it that is the first. `claims` are judged by every
    run (`claims`); `answer` has a paragraph a sweep that says in words what came out
    (`reports.answers`), without which the differences are told as they are.

    `smoke` holds the small defaults of --smoke that are particular to this study; `may_diverge`
    names settings with which a trial that diverges is an outcome, no failure of the run:
    ({"alpha": 1.0},).
    Raises UsageError, one sentence, for unknown settings, values out of range, empty sweeps, and a
    baseline that no variant or several have.
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
    answer: Mapping[str, str] = field(default_factory=dict)
    derived: bool = False  # from another study, by options: its claims were checked there
    smoke: Mapping[str, Any] = field(default_factory=dict)
    may_diverge: Sequence[Mapping[str, Any]] = ()
    tune_each: str | None = None
    baseline: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.settings, Settings):
            given = self.settings
            what = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
            raise UsageError(
                f"settings of study {self.name} must be a value, such as Settings(epochs=3); got "
                f"{what}."
            )
        if not callable(self.trainable):
            raise UsageError(
                f"trainable of study {self.name} must be a function of settings and trial; got "
                f"{self.trainable!r}."
            )
        if self.mode not in ("min", "max"):
            raise UsageError(f"mode of study {self.name} must be min or max; got {self.mode!r}.")
        if not self.sweeps:
            raise UsageError(f"Study {self.name} needs at least one sweep.")
        for name, sweep in self.sweeps.items():
            if not spaces(sweep):
                raise UsageError(f"Sweep {name} has no search space.")
            for space in spaces(sweep):
                self._check_space(name, space)
        for name, sweep in self.sweeps.items():
            for choice, settings in zip(choices(sweep), self._variants(name), strict=True):
                idle = [setting for setting in choice if not settings.applies(setting)]
                if idle:
                    raise UsageError(
                        f"Sweep {name} sets {idle[0]}, which has no meaning in its variant "
                        f"{settings.canonical()}."
                    )

            self._check_distinct(name)
        cases: list[tuple[str, Mapping[str, Any]]] = [
            ("is made small", self.smoke),
            ("compares", self.baseline),
            ("tunes each variant", {self.tune_each: None} if self.tune_each else {}),
        ]
        for what, case in [*cases, *(("may diverge", case) for case in self.may_diverge)]:
            for name in case:
                if name not in self.setting_names:
                    raise UsageError(
                        f"Study {self.name} {what} with {name!r}, which is no setting"
                        f"{nearest(name, self.setting_names)}"
                    )
        if not self.derived:
            self._check_baseline()
            self._check_claims()

    def _check_baseline(self) -> None:
        """Refuse one that no variant has, or several that differ in more than what each tunes."""
        kept = [settings.identity() for sweep in self.sweeps for settings in self._variants(sweep)]
        found = [one for one in kept if _has(one, self.baseline)]
        apart = {
            json.dumps({k: v for k, v in one.items() if k != self.tune_each}, sort_keys=True)
            for one in found
        }
        if not self.baseline or len(apart) == 1:
            return
        named = label(self.baseline, self.baseline)
        if not apart:
            raise UsageError(f"The baseline of study {self.name}, {named}, is no variant's.")
        differ = [n for n in found[0] if n != self.tune_each]
        differ = [n for n in differ if any(one.get(n) != found[0][n] for one in found)]
        raise UsageError(
            f"The baseline of study {self.name}, {named}, is that of {len(apart)} variants; say "
            f"which {' and '.join(differ)} it has."
        )

    def _check_claims(self) -> None:
        """Refuse a claim about what is never varied, and an answer about another study."""
        names = [claim.id for claim in self.claims]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UsageError(f"Study {self.name} has several claims called {min(twice)}.")
        varied = {sweep: self.varied(sweep) for sweep in self.sweeps}
        for claim in self.claims:
            if why := claim.problem(varied):
                raise UsageError(why)
            for name, value in claim.settings():
                if name not in self.setting_names:
                    raise UsageError(
                        f"Claim {claim.id} names {name!r}, which is no setting"
                        f"{nearest(name, self.setting_names)}"
                    )
                if value is not None and self.validated(name, value) != value:
                    raise UsageError(
                        f"Claim {claim.id} says {name}={value!r}, which in this study is "
                        f"{self.validated(name, value)!r}."
                    )
            for sweep, chosen in claim.selections():
                tried = [settings.canonical() for settings in self._variants(sweep)]
                if not any(_has(settings, chosen) for settings in tried):
                    raise UsageError(
                        f"Claim {claim.id} is about {dict(chosen)}, which no variant of sweep "
                        f"{sweep} has."
                    )
        self.check_sweeps(list(self.answer))

    def _check_space(self, sweep: str, space: Mapping[str, Any]) -> None:
        for setting, value in space.items():
            if setting not in self.setting_names:
                raise UsageError(
                    f"Sweep {sweep} varies {setting!r}, which is no setting"
                    f"{nearest(setting, self.setting_names)}"
                )
            if hasattr(value, "sample"):
                raise UsageError(
                    f"Sweep {sweep} draws {setting} from a distribution; a study lists its "
                    "values with tune.grid_search([...])."
                )
            if is_grid(value) and not value["grid_search"]:
                raise UsageError(f"Sweep {sweep} has no values for {setting}.")
            if isinstance(value, list | tuple) and not self._takes(setting, value):
                raise UsageError(
                    f"Sweep {sweep} gives {setting} the list {list(value)}; write "
                    f"tune.grid_search({list(value)}) to try each of them."
                )

    def _takes(self, setting: str, value: Any) -> bool:
        try:
            self.settings.changed(**{setting: value})
        except ValidationError:
            return False
        return True

    def _check_distinct(self, sweep: str) -> None:
        """Refuse variants that would share a key, such as two folders or two data_dirs."""
        seen: dict[str, Settings] = {}
        for settings in self._variants(sweep):
            identity = json.dumps(settings.identity(), sort_keys=True)
            if seen.setdefault(identity, settings) != settings:
                raise UsageError(
                    f"Sweep {sweep} has variants that differ only in where things lie or in what "
                    "is recorded; run them as runs of their own."
                )

    def expects_divergence(self, settings: Settings) -> bool:
        """Whether `may_diverge` names these settings."""
        return any(_has(settings.canonical(), case) for case in self.may_diverge)

    @property
    def setting_names(self) -> list[str]:
        """All settings of the trainable."""
        return list(type(self.settings).model_fields)

    def varied(self, sweep: str) -> tuple[str, ...]:
        """The settings with several values in a sweep (with one value each: those in a grid)."""
        return varied(self.sweeps[sweep])

    def _variants(self, sweep: str) -> list[Settings]:
        try:
            return [self.settings.changed(**choice) for choice in choices(self.sweeps[sweep])]
        except ValidationError as error:
            raise sentence(error, self.setting_names) from None

    def validated(self, name: str, value: Any) -> Any:
        """A value as JSON holds it ("3" typed in a shell is 3); UsageError for a bad one."""
        try:
            return self.settings.changed(**{name: value}).model_dump(mode="json")[name]
        except ValidationError as error:
            raise sentence(error, self.setting_names) from None

    def check_sweeps(self, only: Sequence[str]) -> None:
        """Refuse the name of a sweep that there is not."""
        for name in only:
            if name not in self.sweeps:
                raise UsageError(
                    f"Study {self.name} has no sweep {name!r}{nearest(name, self.sweeps)}"
                )

    def trials(self, seeds: int = 1, only: Sequence[str] = ()) -> list[TrialSpec]:
        """Every trial, seed by seed so that an interrupted run is balanced; none twice."""
        if seeds < 1:
            raise UsageError(f"seeds must be at least 1; got {seeds}.")
        self.check_sweeps(only)
        sweeps: dict[str, list[str]] = {}
        chosen: dict[str, Settings] = {}
        for sweep in self.sweeps:
            if not only or sweep in (*only, CONTROLS):
                for settings in self._variants(sweep):
                    identity = json.dumps(settings.identity(), sort_keys=True)
                    sweeps.setdefault(identity, []).append(sweep)
                    chosen.setdefault(identity, settings)
        labels = [
            (own[0], label(chosen[identity].canonical(), self.varied(own[0])) or own[0])
            for identity, own in sweeps.items()
        ]
        names = dict(zip(chosen, distinct(labels), strict=True))
        return [
            TrialSpec(
                hashlib.sha256(f"{identity}/{seed}".encode()).hexdigest()[:12],
                tuple(sweeps[identity]),
                settings,
                seed,
                names[identity],
                self.expects_divergence(settings),
            )
            for seed in range(seeds)
            for identity, settings in chosen.items()
        ]

    def judged_by(self) -> dict[str, Any]:
        """What a report judges a run by, ready for JSON."""
        return {
            "tune_each": self.tune_each,
            "baseline": dict(self.baseline),
            "claims": [claim.model_dump(mode="json") for claim in self.claims],
            "answer": dict(self.answer),
        }

    def smaller(self) -> Study:
        """The study with the small defaults of --smoke, and the ends of each sweep."""
        small = {"dataset": "digits", "classes": "all", "weights": "none", "epochs": 1}
        small |= self.smoke
        known = {k: v for k, v in small.items() if k in self.setting_names}
        sweeps = {name: ends(sweep) for name, sweep in self.sweeps.items()}
        # So small, nothing is answered.
        settings = self.settings.changed(**known)
        return replace(self, settings=settings, sweeps=sweeps, answer={}, derived=True)

    def with_controls(self) -> Study:
        """The study with the audit's two controls of its baseline, or of its first variant.

        Whatever sweeps are selected: a run that is extended has the same controls.

        Raises UsageError where the trainable has no setting `control`.
        """
        if "control" not in self.setting_names:
            raise UsageError(f"Study {self.name} has no controls: no setting is called control.")
        variants = [spec.settings for spec in self.trials()]
        names = dict.fromkeys(n for s in self.sweeps.values() for space in spaces(s) for n in space)
        own = (v for v in variants if _has(v.canonical(), self.baseline))
        base = next(own, variants[0]).canonical()
        held = {name: base[name] for name in names if name in base}
        both = {"control": {"grid_search": ["one_batch", "shuffled_labels"]}}
        return replace(self, sweeps={**self.sweeps, CONTROLS: held | both}, derived=True)

    def overridden(self, values: Mapping[str, Sequence[Any]], only: Sequence[str] = ()) -> Study:
        """The study with options in place: a varied setting gets other values, another is held.

        Raises UsageError for a value out of range, for several values of a setting that no
        selected sweep varies, and for an option that no selected variant uses.
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
        study = replace(self, settings=settings, derived=True)
        typed = {name: [study.validated(name, v) for v in given] for name, given in values.items()}
        sweeps = {name: replaced(sweep, typed) for name, sweep in self.sweeps.items()}
        study = replace(study, sweeps=sweeps)
        trials = study.trials(only=only)
        for name, wanted in typed.items():
            used = [t.settings.canonical().get(name) for t in trials if t.settings.applies(name)]
            idle = [value for value in wanted if value not in used]
            option = f"--{name.replace('_', '-')}"
            if len(idle) == len(wanted):
                raise UsageError(f"{option} changes nothing: no selected variant uses it.")
            if idle:
                raise UsageError(f"{option} {idle[0]} changes nothing: no selected variant has it.")
        return study


def _has(settings: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    return all(settings.get(name) == value for name, value in chosen.items())
