"""A study's sweeps and tuned ranges as one space: what is chosen, and then what of that, and so on.

First the sweep is chosen, then which of its spaces, each value of a grid, and each range that
applies to the settings so far; what there is only one of is not chosen. Who chooses is left open:
Optuna, a random generator, a test that tries everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from runs.errors import UsageError, sentence
from runs.ranges import Range, without
from runs.variants import label
from service.distributions import range_of
from service.study import Study
from service.sweeps import drawn, is_grid, listed, spaces
from trainables.protocol import Settings, When

Choose = Callable[[str, Range], Any]
"""Given a parameter's name and its range, chooses a value of it."""

SWEEP = "sweep"


@dataclass(frozen=True)
class Chosen:
    """One point of the space.

    settings: all of them.
    sweep: that it is of.
    where: what its space is called among all.
    tuned: the settings that were drawn from ranges, with these.
    params: every choice by its parameter's name, in the order in which they were made.
    """

    settings: Settings
    sweep: str
    where: str
    tuned: Mapping[str, Range]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class _Branch:
    """One space of one sweep.

    called: what tells it apart from the other spaces of its sweep: "adam, 64".
    grids: settings with several values.
    own: ranges of the space itself, which no other space shares.
    common: ranges of the study that the space and options leave free.
    """

    sweep: str
    called: str
    held: Mapping[str, Any]
    grids: Mapping[str, Sequence[Any]]
    own: Mapping[str, Range]
    common: Mapping[str, Range]

    @property
    def ranges(self) -> dict[str, Range]:
        return {**self.common, **self.own}


class Space:
    """The space of these sweeps of a study.

    Parameters are called as the settings that they are of. Where spaces have different values or
    ranges for one setting, these are parameters of their own: "lr (adam, 64)". A range of the study
    is one for all.

    Raises UsageError if there is nothing to choose.
    """

    def __init__(self, study: Study, sweeps: Sequence[str] = ()) -> None:
        self._study = study
        self._sweeps = [*(sweeps or study.sweeps)]
        self._branches = [one for sweep in self._sweeps for one in _branches(study, sweep)]
        self._apart = _apart(self._branches)
        self._kinds = {
            sweep: _kinds([one for one in self._branches if one.sweep == sweep])
            for sweep in self._sweeps
        }
        self._order = _order(type(study.settings))
        if not next(self.points()).params:
            raise UsageError(
                f"--search has nothing to choose: study {study.name} declares no ranges, and no "
                "selected sweep has several values."
            )

    @property
    def parameters(self) -> list[tuple[str, Range, str]]:
        """Every parameter, what it may be, and where it is chosen, "" for always."""
        ranges: dict[str, Range] = {}
        seen: dict[str, Counter[str]] = {}
        every = Counter[str]()

        def noted(name: str, values: Range) -> None:
            ranges.setdefault(name, values)

        for chosen in self.points(noted):
            every[chosen.where] += 1
            for name in chosen.params:
                seen.setdefault(name, Counter())[chosen.where] += 1
        found = []
        for name, where in seen.items():
            always = [one for one in where if where[one] == every[one]]
            some = [f"{one}, for some" for one in where if where[one] < every[one]]
            found.append((name, ranges[name], "" if where == every else "; ".join(always + some)))
        return found

    def points(self, noted: Choose = lambda name, values: None) -> Iterator[Chosen]:
        """Every choice of what is listed, with the low end of what is a range of numbers.

        noted: is told every parameter that is met.
        """
        turns: list[int] = []
        while True:
            sizes: list[int] = []
            yield self.choose(partial(_turned, turns, sizes, noted))
            turns += [0] * (len(sizes) - len(turns))
            while turns and turns[-1] + 1 == sizes[len(turns) - 1]:
                turns.pop()
            if not turns:
                return
            turns[-1] += 1

    def choose(self, choose: Choose) -> Chosen:
        """The point that somebody chooses, parameter after parameter."""
        params: dict[str, Any] = {}

        def taken(name: str, values: Range) -> Any:
            params[name] = choose(name, values)
            return params[name]

        sweep = self._sweeps[0]
        if len(self._sweeps) > 1:
            sweep = taken(SWEEP, Range(choices=tuple(self._sweeps)))
        branches = [one for one in self._branches if one.sweep == sweep]
        branch = branches[0]
        if kind := self._kinds[sweep]:
            branch = branches[kind.choices.choices.index(taken(kind.name, kind.choices))]
        values = dict(branch.held)
        for name, several in branch.grids.items():
            names = _labels(several)
            chosen = taken(self._named(name, branch, False), Range(choices=names))
            values[name] = several[names.index(chosen)]
        tuned: dict[str, Range] = {}
        try:
            settings = self._study.settings.changed(**values)
            for name in sorted(branch.ranges, key=self._order.index):
                if not settings.applies(name):
                    continue
                tuned[name] = branch.ranges[name]
                value = taken(self._named(name, branch, name not in branch.own), tuned[name])
                settings = settings.changed(**{name: tuned[name].fitted(value)})
        except ValidationError as error:
            raise sentence(error, self._study.setting_names) from None
        return Chosen(settings, sweep, self._where(branch), tuned, params)

    @property
    def cases(self) -> list[Settings]:
        """The settings of every variant, with what is held in place of what is drawn."""
        return [settings for sweep in self._sweeps for settings in self._study.choices(sweep)]

    def variant(self, chosen: Chosen) -> str:
        """What a point's variant is called: what its sweep varies, without what was drawn."""
        settings = without(chosen.settings.canonical(), chosen.tuned)
        return label(settings, self._study.varied(chosen.sweep)) or chosen.sweep

    def _named(self, name: str, branch: _Branch, common: bool) -> str:
        if common or name not in self._apart:
            return name
        return f"{name} ({self._where(branch)})"

    def _where(self, branch: _Branch) -> str:
        """What a space is called among all."""
        if len(self._sweeps) == 1:
            return branch.called or branch.sweep
        return f"{branch.sweep}: {branch.called}" if branch.called else branch.sweep


def _turned(turns: Sequence[int], sizes: list[int], noted: Choose, name: str, values: Range) -> Any:
    """The choice whose turn it is; how many there are is added to the sizes."""
    noted(name, values)
    options = values.choices or (values.at(0.0),)
    turn = turns[len(sizes)] if len(sizes) < len(turns) else 0
    sizes.append(len(options))
    return options[turn]


@dataclass(frozen=True)
class _Kinds:
    """The parameter that says which of a sweep's spaces it is; its choices are in their order."""

    name: str
    choices: Range


def _kinds(branches: Sequence[_Branch]) -> _Kinds | None:
    """None of a sweep with one space."""
    if len(branches) < 2:
        return None
    differ = _differing([one.held for one in branches])
    if len(differ) == 1:
        values = [one.held.get(differ[0], "held") for one in branches]
        if len({*map(repr, values)}) == len(values):
            return _Kinds(differ[0], Range(choices=_labels(values)))
    name = ", ".join(differ) or f"space of {branches[0].sweep}"
    return _Kinds(name, Range(choices=tuple(one.called for one in branches)))


def _branches(study: Study, sweep: str) -> list[_Branch]:
    parts = spaces(study.sweeps[sweep])
    constants = [
        {n: v for n, v in listed(part).items() if not is_grid(v) or len(v["grid_search"]) == 1}
        for part in parts
    ]
    held = [
        {name: v["grid_search"][0] if is_grid(v) else v for name, v in own.items()}
        for own in constants
    ]
    names = _names(held)
    common = {name: range_of(value, f"{name} is tuned") for name, value in study.tuned.items()}
    return [
        _Branch(
            sweep,
            called,
            own,
            {n: v["grid_search"] for n, v in listed(part).items() if n not in own},
            {n: one for n, one in drawn(part).items() if n not in study.fixed},
            {n: one for n, one in common.items() if n not in part and n not in study.fixed},
        )
        for part, own, called in zip(parts, held, names, strict=True)
    ]


def _differing(held: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings that these do not all have alike."""
    names = dict.fromkeys(name for own in held for name in own)
    return [n for n in names if any(n not in own or own[n] != held[0].get(n) for own in held)]


def _names(held: Sequence[Mapping[str, Any]]) -> list[str]:
    """What tells spaces apart, by what they hold; "" of a single one."""
    if len(held) < 2:
        return [""]
    differ = _differing(held)
    found = [", ".join(str(own[n]) for n in differ if n in own) or "held" for own in held]
    several, names, before = Counter(found), [], Counter[str]()
    for one in found:
        before[one] += 1
        names.append(f"{one} ({before[one]})" if several[one] > 1 else one)
    return names


def _apart(branches: Sequence[_Branch]) -> set[str]:
    """The settings that have different values or ranges in these, so that each has its name."""
    known: dict[str, Range] = {}
    apart = set()
    for one in branches:
        grids = {name: Range(choices=_labels(values)) for name, values in one.grids.items()}
        for name, values in [*grids.items(), *one.own.items(), *one.common.items()]:
            if known.setdefault(name, values) != values:
                apart.add(name)
    return apart


def _labels(values: Sequence[Any]) -> tuple[Any, ...]:
    """Values as Optuna may have them: texts and numbers, each different from all others."""
    plain = all(isinstance(v, str | int | float) and not isinstance(v, bool) for v in values)
    if plain and len(set(values)) == len(values):
        return tuple(values)
    texts = [str(value) for value in values]
    return tuple(texts if len({*texts}) == len(texts) else map(str, range(1, len(texts) + 1)))


def _order(kind: type[Settings]) -> list[str]:
    """All settings, each behind those that decide whether it applies."""
    order: dict[str, None] = {}

    def add(name: str) -> None:
        if name in order:
            return
        for mark in kind.model_fields[name].metadata:
            if isinstance(mark, When):
                add(mark.setting)
        order[name] = None

    for name in kind.model_fields:
        add(name)
    return [*order]
