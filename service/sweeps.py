"""What varies together: a search space, or several side by side, as a finite list of choices."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.ranges import Range
from service.distributions import is_distribution, range_of

Space = Mapping[str, Any]
"""Settings to a constant or to `tune.grid_search([...])`, whose product its choices are, or to a
distribution that every choice draws its own value from, where the study is tuned or searched; or to
HELD."""

HELD = "as it is held"
"""Of a setting that the study tunes, in a space: not here, where the value that is held has a
meaning of its own, as that of a learning rate which is scaled."""

Sweep = Space | Sequence[Space]
"""One space, or several whose choices come one after the other: a learning rate has other values
for Adam than for SGD."""


def spaces(sweep: Sweep) -> list[Space]:
    """The spaces of a sweep, in their order."""
    return [sweep] if isinstance(sweep, Mapping) else list(sweep)


def is_grid(value: Any) -> bool:
    """Whether a setting has several values in a space."""
    return isinstance(value, dict) and set(value) == {"grid_search"}


def listed(space: Space) -> dict[str, Any]:
    """What of a space has values to list."""
    return {
        name: value
        for name, value in space.items()
        if not is_distribution(value) and not is_held(value)
    }


def is_held(value: Any) -> bool:
    """Whether it is HELD."""
    return isinstance(value, str) and value == HELD


def drawn(space: Space) -> dict[str, Range]:
    """What of a space is drawn, and from which range."""
    return {
        name: range_of(value, f"{name} is drawn")
        for name, value in space.items()
        if is_distribution(value)
    }


def varied(sweep: Sweep) -> tuple[str, ...]:
    """The settings with several values in a sweep (with one value each: those in a grid)."""
    values: dict[str, list[Any]] = {}
    for space in spaces(sweep):
        for name, value in listed(space).items():
            values.setdefault(name, []).append(value)
    return tuple(n for n, own in values.items() if any(is_grid(v) or v != own[0] for v in own))


@dataclass(frozen=True)
class Choice:
    """One choice of values.

    values: by setting, in the order in which they are written.
    ranges: of the settings that are drawn.
    held: the settings that are not tuned.
    """

    values: Mapping[str, Any]
    ranges: Mapping[str, Range]
    held: frozenset[str]


def choices(sweep: Sweep) -> list[Choice]:
    """Every choice of values."""
    found = []
    for space in spaces(sweep):
        own, ranges = listed(space), drawn(space)
        held = frozenset(name for name, value in space.items() if is_held(value))
        values = [v["grid_search"] if is_grid(v) else [v] for v in own.values()]
        for choice in itertools.product(*values):
            found.append(Choice(dict(zip(own, choice, strict=True)), ranges, held))
    return found


def ends(sweep: Sweep) -> Sweep:
    """The first and the last space, and of every grid its first and last value."""
    parts = spaces(sweep)
    kept = parts if len(parts) < 2 else [parts[0], parts[-1]]
    return [{name: _ends(value) for name, value in space.items()} for space in kept]


def replaced(sweep: Sweep, values: Mapping[str, Sequence[Any]]) -> Sweep:
    """The sweep with other values for what it varies.

    A grid takes the values in place of its own. Of spaces that a constant tells apart (the
    optimizer, say) those stay that have one of the values; all stay if none has.
    """
    parts = spaces(sweep)
    for name, wanted in values.items():
        kept = [s for s in parts if name not in s or _free(s[name]) or s[name] in wanted]
        parts = kept or parts
    return [
        {
            name: {"grid_search": list(values[name])}
            if name in values and is_grid(value)
            else value
            for name, value in space.items()
        }
        for space in parts
    ]


def _free(value: Any) -> bool:
    return is_grid(value) or is_distribution(value) or is_held(value)


def _ends(value: Any) -> Any:
    if not is_grid(value):
        return value
    values = value["grid_search"]
    return {"grid_search": values if len(values) < 2 else [values[0], values[-1]]}


def has(settings: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    """Whether what is chosen is among the settings."""
    return all(settings.get(name) == value for name, value in chosen.items())
